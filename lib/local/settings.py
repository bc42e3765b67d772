"""What can be set: HOST, PORT and DATABASE_URL, in the environment or in the file `.env`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values

from lib.local.errors import LocalError

HOST = "127.0.0.1"
PORT = 5000
_GREATEST_PORT = 65535
# Listening "everywhere" is no address that a client can ask for.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at
_SCHEMES = ("postgres", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the service listens, which database it uses (None: the private one), and all else that is set."""

    host: str
    port: int
    database_url: str | None
    environment: Mapping[str, str]

    @property
    def address(self) -> str:
        """The base URL of the service, as a client on this machine asks for it."""
        host = _REACHED_AT.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings; what the environment says goes before what `.env` says.

    Raises:
        LocalError: PORT is no port.

    """
    written = {name: value or "" for name, value in dotenv_values(root / ".env").items()}
    every = {**written, **environment}
    return Settings(
        host=every.get("HOST") or HOST,
        port=_port(every.get("PORT") or str(PORT)),
        database_url=every.get("DATABASE_URL") or None,
        environment=every,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _GREATEST_PORT):
        raise LocalError(f"PORT={text} is no port: give a number from 1 to {_GREATEST_PORT}, such as PORT={PORT}")
    return int(text)


def plain_url(url: str) -> str:
    """Write the address of a database as every PostgreSQL program takes it: `postgresql://...`.

    Raises:
        LocalError: it is not an address of PostgreSQL.

    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _SCHEMES:
        raise LocalError("DATABASE_URL is no address of PostgreSQL: give postgresql://user:password@host:5432/name")
    return f"postgresql://{rest}"


def masked_url(url: str) -> str:
    """Write the address of a database with the password hidden."""
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    user, colon, _ = who.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}:***{at}{where}" if colon else parts.netloc))
