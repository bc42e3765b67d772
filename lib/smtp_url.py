"""The address of a mail server as a URL: smtps://…, or smtp://… with STARTTLS."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

STARTTLS_PORT, TLS_PORT = 587, 465


class InvalidSmtpUrl(Exception):
    """The address cannot be read; the message says why, and does not quote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server: with TLS at once, or else after STARTTLS, or without; `user` is empty for no signing in."""

    host: str
    port: int
    user: str
    password: str
    tls_at_once: bool
    starttls: bool


def parse_smtp_url(url: str) -> SmtpServer:
    """Read smtp://[user:password@]host[:587][?tls=off] or smtps://[user:password@]host[:465].

    A password is sent over TLS only. Raises `InvalidSmtpUrl`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidSmtpUrl("has a wrong port or host") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise InvalidSmtpUrl("does not begin with smtp://host or smtps://host")
    options = parse_qs(parts.query, keep_blank_values=True)
    if parts.path.strip("/") or parts.fragment or options not in ({}, {"tls": ["off"]}):
        raise InvalidSmtpUrl("has more than a host, a port and perhaps ?tls=off")
    plainly = bool(options)
    if plainly and (parts.scheme == "smtps" or parts.username):
        raise InvalidSmtpUrl("has tls=off, which goes neither with smtps nor with a password")
    if bool(parts.username) is not bool(parts.password):
        raise InvalidSmtpUrl("needs a user with a password, or neither")
    at_once = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port or (TLS_PORT if at_once else STARTTLS_PORT),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls_at_once=at_once,
        starttls=not at_once and not plainly,
    )
