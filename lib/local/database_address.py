"""DATABASE_URL: read as the service reads it, shown without what is secret, tried once."""

from contextlib import closing

import psycopg2
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lib.local.errors import LocalError

_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg2")
_FORM = "give postgresql://user:password@host:5432/name"
_HIDDEN = "***"
_PORT = 5432
_GREATEST_PORT = 65535
_CONNECT_SECONDS = 5


def plain_url(url: str) -> str:
    """Write the address of a database as every PostgreSQL program takes it: `postgresql://...`.

    Raises:
        LocalError: it is not an address of PostgreSQL, or not one that the service takes.

    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise LocalError(f"DATABASE_URL is no address of PostgreSQL that the service takes: {_FORM}")
    parts = _parts(f"postgresql://{rest}")
    if parts is None or not 0 < (_PORT if parts.port is None else parts.port) <= _GREATEST_PORT:
        raise LocalError(f"DATABASE_URL cannot be read: {_FORM}, with %40 for an @ in the password")
    if not parts.database:
        raise LocalError(f"DATABASE_URL names no database: {_FORM}")
    return parts.render_as_string(hide_password=False)


def _parts(url: str) -> URL | None:
    """Take an address apart; None where a part of a password may have ended up in another part."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return None
    rest = f"{parts.host}{parts.database}"
    return None if "@" in rest or "=" in rest else parts


def masked_url(url: str) -> str:
    """Write the address of a database with all that is secret hidden; all of it is when it cannot be read."""
    parts = _parts(url)
    if parts is None:
        return _HIDDEN
    shown = parts.update_query_dict({name: _HIDDEN for name in parts.query if _secret(name)})
    return shown.render_as_string(hide_password=True).replace("%2A", "*")


def _secret(name: str) -> bool:
    """Tell whether a parameter of an address is secret: password, sslpassword, oauth_client_secret."""
    return "password" in name.lower() or "secret" in name.lower()


def without_secrets(url: str) -> tuple[str, str | None]:
    """Part a plain address into one without secrets, and the password."""
    parts = make_url(url)
    bare = parts.set(query={name: value for name, value in parts.query.items() if not _secret(name)})
    plain = URL.create(bare.drivername, bare.username, None, bare.host, bare.port, bare.database, bare.query)
    # What is given after the question mark goes before what is given before the host.
    return plain.render_as_string(hide_password=False), _text(parts, "password") or parts.password


def _text(parts: URL, name: str) -> str | None:
    values = parts.normalized_query.get(name)
    return values[-1] if values else None


def try_connection(url: str) -> None:
    """Connect to a database once, and let it go.

    Raises:
        LocalError: it is not an address of PostgreSQL, or its server cannot be reached, or refuses.

    """
    plain = plain_url(url)
    try:
        with closing(psycopg2.connect(plain, connect_timeout=_CONNECT_SECONDS)):
            pass
    except psycopg2.OperationalError as error:
        raise _explain(str(error), _where(make_url(plain))) from error
    except psycopg2.Error as error:  # what it says may quote any part of the address
        raise LocalError("DATABASE_URL has a parameter that PostgreSQL does not take: see after its ?") from error


def _where(parts: URL) -> str:
    host = _text(parts, "host") or parts.host or "localhost"
    return f"{f'[{host}]' if ':' in host else host}:{_text(parts, 'port') or parts.port or _PORT}"


def _explain(said: str, where: str) -> LocalError:
    reason = said.strip().partition("\n")[0].rpartition(" failed: ")[2]
    if reason.startswith("FATAL:"):
        reason = reason.removeprefix("FATAL:").strip()
        return LocalError(f"DATABASE_URL: {where} refuses the connection ({reason}): correct it, or unset DATABASE_URL")
    return LocalError(f"DATABASE_URL: cannot reach {where} ({reason}): start that server, or unset DATABASE_URL")
