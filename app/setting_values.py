"""How the values of single settings are written: each check raises a `ValidationError` that says what is allowed."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from marshmallow import ValidationError

from app.access.domain import InvalidSpan, read_span
from lib.database_url import InvalidAddress, read_address
from lib.smtp_url import InvalidSmtpUrl, parse_smtp_url

LIMIT_STORAGES = ("memory://", "redis://", "rediss://", "redis+unix://")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
MAX_T_AHEAD = 366 * 24 * 3600  # seconds
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")  # as HTML has it, bounded
SITE = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?")
ON, OFF = "on", "off"
MIN_KEY = 32  # characters
REFUSE, KEEP = "refuse", "keep"  # late events


def parse_hosts(hosts: str) -> frozenset[str]:
    """Return the names in HOSTS, in the form that is compared with a `Host`."""
    return frozenset(hosts.replace(",", " ").lower().split())


def parse_span(text: str) -> timedelta | None:
    """Return a span of time such as 90d; `None` for no text."""
    return read_span(text) if text else None


def parse_keys(keys: str) -> tuple[str, ...]:
    """Return the keys that secrets are derived from, the one for new secrets first."""
    return tuple(key for part in keys.split(",") if (key := part.strip()))


def parse_networks(networks: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a list with commas or spaces between them; raises `ValueError`."""
    return tuple(map(ip_network, networks.replace(",", " ").split()))


def check_t_ahead(text: str) -> None:
    """Refuse what is neither a number of seconds nor off."""
    if text and text != OFF and not (text.isascii() and text.isdigit() and int(text) <= MAX_T_AHEAD):
        raise ValidationError(f"Must be a whole number of seconds from 0 to {MAX_T_AHEAD}, or {OFF}.")


def check_late_events(text: str, *, by_player: bool) -> None:
    """Refuse an unknown word, and `keep` where `t` must rise over all players."""
    if text not in {REFUSE, KEEP}:
        raise ValidationError(f"Must be {REFUSE} or {KEEP}.")
    if text == KEEP and not by_player:
        raise ValidationError(f"Must be {REFUSE} with EVENT_ORDER=system, where no event may be below the latest.")


def check_database_url(address: str) -> None:
    """Refuse an address of a database that cannot be read."""
    try:
        read_address(address)
    except InvalidAddress as error:
        raise ValidationError(f"It {error}.") from None


def check_optional_database_url(address: str) -> None:
    """Refuse such an address, unless it is empty."""
    if address:
        check_database_url(address)


def check_rate_limit(limit: str) -> None:
    """Refuse what Flask-Limiter cannot read; empty means no limit."""
    if not limit:
        return
    from limits import parse_many  # noqa: PLC0415  # no other setting needs it

    try:
        parse_many(limit)
    except ValueError:
        raise ValidationError('Must be a limit such as "600 per minute", or empty for none.') from None


def check_hosts(hosts: str) -> None:
    """Refuse names that no `Host` can have."""
    wrong = [name for name in parse_hosts(hosts) if not HOST_NAME.fullmatch(name)]
    if wrong:
        raise ValidationError("Must be names without ports, such as alerts.example.com, with commas between them.")


def check_span(text: str) -> None:
    """Refuse what is no span of time; empty means none."""
    try:
        parse_span(text)
    except InvalidSpan as error:
        raise ValidationError(f"Must be a span of time, or empty for none: {error}.") from None


def check_limit_storage(address: str) -> None:
    """Refuse a storage of limits other than memory and Redis."""
    if not address.startswith(LIMIT_STORAGES):
        raise ValidationError("Must be memory:// or redis://host:6379/0.")


def check_webhook_key(keys: str) -> None:
    """Refuse keys that could be guessed; empty means none."""
    if any(len(key) < MIN_KEY for key in parse_keys(keys)):
        raise ValidationError(
            f"Must be a key of at least {MIN_KEY} random characters; after it, with commas, those before."
        )


def check_console_key(keys: str, *, needed: bool) -> None:
    """Refuse keys that could be guessed, and no key where it is needed."""
    if needed and not parse_keys(keys):
        raise ValidationError("Must be set where CONSOLE=on: `openssl rand -hex 32` prints one; keep it.")
    check_webhook_key(keys)


def check_console_url(url: str) -> None:
    """Refuse what is no address of a site; empty means the one at which the service listens."""
    if url and not SITE.fullmatch(url):
        raise ValidationError("Must be the console's address without a path, such as https://console.example.com.")


def check_webhook_allow(networks: str) -> None:
    """Refuse what is no list of networks; empty means none."""
    try:
        parse_networks(networks)
    except ValueError:
        raise ValidationError("Must be networks such as 10.1.0.0/16, with commas between them.") from None


def check_smtp_url(url: str) -> None:
    """Refuse an address of a mail server that cannot be read; empty means none."""
    try:
        if url:
            parse_smtp_url(url)
    except InvalidSmtpUrl as error:
        raise ValidationError(f"It {error}, such as smtp://user:password@mail.example.com:587.") from None


def check_mail_from(address: str, *, needed: bool) -> None:
    """Refuse what is no address of e-mail; empty means none, which is refused as well if it is needed."""
    if (address or needed) and not MAIL_ADDRESS.fullmatch(address):
        raise ValidationError("Must be an address such as alerts@example.com; SMTP_URL needs it.")


def check_log_file(file: str) -> None:
    """Refuse a file that cannot be written; empty means none."""
    try:
        if file:
            Path(file).open("ab").close()
    except OSError as error:
        raise ValidationError(f"Cannot be written: {error.strerror}.") from None
