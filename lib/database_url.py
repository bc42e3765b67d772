"""Parses DATABASE_URL by libpq itself, so that the service and psql agree on it.

It accepts `postgresql://` with one host or several, sockets, percent-encoding and parameters, and `key=value` strings;
and as before also SQLAlchemy's scheme, its way to write several hosts (`?host=one:5432&host=two:5432`), and a password
that is not percent-encoded.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import psycopg2
from psycopg2.extensions import parse_dsn

if TYPE_CHECKING:
    from sqlalchemy import URL

SCHEMES = ("postgres", "postgresql", "postgresql+psycopg2")
FORM = "give postgresql://user:password@host:5432/name"
SECRETS = ("password", "secret")  # parts of the names of parameters that are secret: sslpassword, oauth_client_secret
HIDDEN = "***"
MAX_PORT = 65535

_KEY_VALUE = re.compile(r"\s*\w+\s*=")
_HOST_AND_PORT = re.compile(r"([A-Za-z0-9.-]+):(\d+)")
_USERINFO = re.compile(r"(?P<user>[^:/?@]*):(?P<password>[^@]*)@(?P<rest>.*)", re.DOTALL)

Parameters = Mapping[str, str]


class InvalidAddress(ValueError):
    """The database address is invalid or not supported; the text says what is wrong, without quoting the address."""


def read_address(address: str) -> dict[str, str]:
    """Parse an address into libpq's parameters: host and port (lists if there are several hosts) and others.

    Raises `InvalidAddress`.
    """
    parameters = _parsed(address)
    if not parameters.get("dbname") and not parameters.get("service"):
        raise InvalidAddress(f"names no database: {FORM}")
    return parameters


def engine_url(parameters: Parameters) -> "URL":
    """Write libpq's parameters as SQLAlchemy's URL, which passes them on to libpq unchanged."""
    from sqlalchemy import URL  # noqa: PLC0415  # callers that only parse addresses need no SQLAlchemy

    rest = dict(parameters)
    user, password, database = (rest.pop(name, None) for name in ("user", "password", "dbname"))
    host, port = rest.get("host", ""), rest.get("port", "")
    if host and "," not in host and not _is_socket(host):
        del rest["host"]
        rest.pop("port", None)
        return URL.create("postgresql+psycopg2", user, password, host, int(port) if port else None, database, rest)
    if "," in host and port:
        rest["port"] = ",".join(ports_of(parameters))
    return URL.create("postgresql+psycopg2", user, password, None, None, database, rest)


def plain_url(parameters: Parameters) -> str:
    """Write libpq's parameters as the URL that every PostgreSQL program accepts: `postgresql://…`."""
    rest = dict(parameters)
    user, password, database = (rest.pop(name, "") for name in ("user", "password", "dbname"))
    hosts = hosts_of(parameters)
    where = ""
    if all(host and not _is_socket(host) for host in hosts):
        given = "port" in rest
        pairs = zip(hosts, ports_of(parameters), strict=True)
        where = ",".join(f"{_bracketed(host)}:{port}" if given and port else _bracketed(host) for host, port in pairs)
        rest = {name: value for name, value in rest.items() if name not in ("host", "port")}
    if password and not user:
        rest["password"] = password
    userinfo = quote(user, safe="") + (f":{_quoted(password)}" if password else "") + "@" if user else ""
    query = "&".join(f"{name}={_quoted(value)}" for name, value in rest.items())
    return f"postgresql://{userinfo}{where}/{quote(database, safe='')}" + (f"?{query}" if query else "")


def masked_url(address: str) -> str:
    """Write an address with its secrets hidden; an address that cannot be parsed is hidden entirely."""
    try:
        parameters = read_address(address)
    except InvalidAddress:
        return HIDDEN
    return plain_url({name: HIDDEN if is_secret(name) else value for name, value in parameters.items()})


def is_secret(name: str) -> bool:
    """Return whether a parameter is secret."""
    return any(word in name.lower() for word in SECRETS)


def hosts_of(parameters: Parameters) -> list[str]:
    """List the hosts in the order in which they are tried; the empty name, if none is given, is libpq's default."""
    return (parameters.get("host") or parameters.get("hostaddr") or "").split(",")


def ports_of(parameters: Parameters) -> list[str]:
    """List the port of each host; an empty one is libpq's default."""
    hosts, ports = hosts_of(parameters), parameters.get("port", "").split(",")
    return ports * len(hosts) if len(ports) == 1 else ports


def _parsed(address: str) -> dict[str, str]:
    if _KEY_VALUE.match(address):
        return _checked(_by_libpq(address))
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in SCHEMES:
        raise InvalidAddress(f"is not a PostgreSQL address that the service accepts: {FORM}")
    error = _unreadable()
    for reading in _readings(rest):
        try:
            _check_parts(reading)
            return _checked(_by_libpq(f"postgresql://{_with_joined_hosts(reading)}"))
        except InvalidAddress as found:
            error = found
    raise error


def _unreadable() -> InvalidAddress:
    return InvalidAddress(f"cannot be read: {FORM}, with %40 for an @ in the password")


def _readings(rest: str) -> Iterator[str]:
    """Yield an address as it is, and with its password encoded: an unencoded / or ? would end the password."""
    yield rest
    if found := _USERINFO.fullmatch(rest):
        yield f"{found['user']}:{quote(unquote(found['password']), safe='')}@{found['rest']}"


def _check_parts(rest: str) -> None:
    """Refuse an address in which part of the password probably landed elsewhere, as in the host, which is shown."""
    userinfo, _, where = rest.partition("?")[0].rpartition("@")
    if "@" in userinfo or "/" in userinfo or "=" in where:
        raise _unreadable()


def _with_joined_hosts(rest: str) -> str:
    """Rewrite `host=one:1&host=two:2` as libpq accepts it: `host=one,two&port=1,2`."""
    before, _, query = rest.partition("?")
    pairs = [each.partition("=") for each in query.split("&")]
    hosts = [_HOST_AND_PORT.fullmatch(unquote(value)) for name, _, value in pairs if name == "host"]
    if not hosts or not all(hosts):
        return rest
    names, ports = (",".join(found[part] for found in hosts if found) for part in (1, 2))
    others = ["".join(pair) for pair in pairs if pair[0] != "host"]
    return f"{before}?{'&'.join([*others, f'host={names}', f'port={ports}'])}"


def _by_libpq(text: str) -> dict[str, str]:
    try:
        return parse_dsn(text)
    except psycopg2.ProgrammingError as error:  # its text may quote any part of the address, so it is not passed on
        if "invalid URI query parameter" in str(error) or "invalid connection option" in str(error):
            raise InvalidAddress("has a parameter that PostgreSQL does not take: look at its name") from None
        raise _unreadable() from None


def _checked(parameters: dict[str, str]) -> dict[str, str]:
    ports = parameters.get("port", "").split(",")
    if len(ports) not in (1, len(hosts_of(parameters))) or not all(map(_is_port, ports)):
        raise _unreadable()
    return parameters


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT)


def _is_socket(host: str) -> bool:
    return host.startswith(("/", "@"))


def _bracketed(host: str) -> str:
    return f"[{_quoted(host, ':')}]" if ":" in host else quote(host, safe="")


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=f"{safe}*")
