"""What can be set: HOST, PORT and DATABASE_URL, in the environment or in the file `.env`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from lib.local.errors import LocalError

HOST = "127.0.0.1"
PORT = 5000
_GREATEST_PORT = 65535
# Listening "everywhere" is no address that a client can ask for.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at


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
        LocalError: PORT is no port, or `.env` is no text.

    """
    every = {**_written(root / ".env"), **environment}
    return Settings(
        host=every.get("HOST") or HOST,
        port=_port(every.get("PORT") or str(PORT), "the environment" if environment.get("PORT") else ".env"),
        database_url=every.get("DATABASE_URL") or None,
        environment=every,
    )


def _written(file: Path) -> dict[str, str]:
    try:
        return {name: value or "" for name, value in dotenv_values(file).items()}
    except UnicodeDecodeError as error:
        raise LocalError(f".env is not written in UTF-8: save it so, or remove it ({file})") from error


def _port(text: str, origin: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _GREATEST_PORT):
        taken = f"give a number from 1 to {_GREATEST_PORT}, such as PORT={PORT}"
        raise LocalError(f"PORT={text} is no port: {taken} (it is set in {origin})")
    return int(text)
