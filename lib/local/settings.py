"""What can be set: HOST, PORT and the addresses of the database, in the environment or in the file `.env`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from lib.local.cluster import Cluster
from lib.local.errors import LocalError
from lib.local.project import Project
from lib.secret_files import UnreadableSecret, read_secret

HOST = "127.0.0.1"
PORT = 5000
_OWNER = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
_MAX_PORT = 65535
# Listening "everywhere" is no address that a client can ask for.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the service listens, which database it uses (None: the private one), and all else that is set.

    `owner` is what names the address of the database's owner, as it is set; `environment` is without it.
    """

    host: str
    port: int
    database_url: str | None
    owner_url: str | None
    environment: Mapping[str, str]
    owner: Mapping[str, str]

    @property
    def address(self) -> str:
        """The base URL of the service, as a client on this machine asks for it."""
        host = _REACHED_AT.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings; the environment goes before `.env`. Raises `LocalError` where one of them is wrong."""
    every = {**_written(root / ".env"), **environment}
    owner = {name: every.pop(name) for name in _OWNER if name in every}
    database_url, owner_url = _secret(root, every, "DATABASE_URL"), _secret(root, owner, _OWNER[0])
    if owner_url and not database_url:
        raise LocalError("DATABASE_OWNER_URL is set and DATABASE_URL is not: set both, or unset both")
    return Settings(
        host=every.get("HOST") or HOST,
        port=_port(every.get("PORT") or str(PORT), "the environment" if environment.get("PORT") else ".env"),
        database_url=database_url,
        owner_url=owner_url,
        # Empty where they are set: the service, which reads `.env` by itself, leaves alone what has a value.
        environment={**every, **dict.fromkeys(owner, "")},
        owner=owner,
    )


def program_environment(project: Project, settings: Settings, cluster: Cluster | None) -> dict[str, str]:
    """Return the environment of the programs: of the two logins of the database they know the service's alone."""
    environment = {**project.environment, **settings.environment, "HOST": settings.host, "PORT": str(settings.port)}
    if cluster is not None:
        environment["DATABASE_URL"] = cluster.service_url
    # Once a line, so that what a program says before it dies is in the log.
    return {**environment, "PYTHONUNBUFFERED": "1"}


def owner_environment(settings: Settings, cluster: Cluster | None) -> Mapping[str, str]:
    """Return the variables that give a program the address of the database's owner."""
    return settings.owner if cluster is None else {_OWNER[0]: cluster.owner_url}


def _secret(root: Path, every: Mapping[str, str], name: str) -> str | None:
    file = every.get(f"{name}_FILE")
    if not file:
        return every.get(name) or None
    if every.get(name):
        raise LocalError(f"{name} and {name}_FILE are both set: unset one of the two")
    try:
        return read_secret(root / file)
    except UnreadableSecret as error:
        raise LocalError(f"{name}_FILE={file}: {error}: correct it, or unset it") from error


def _written(file: Path) -> dict[str, str]:
    try:
        return {name: value or "" for name, value in dotenv_values(file).items()}
    except UnicodeDecodeError as error:
        raise LocalError(f".env is not written in UTF-8: save it so, or remove it ({file})") from error


def _port(text: str, origin: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        form = f"give a number from 1 to {_MAX_PORT}, such as PORT={PORT}"
        raise LocalError(f"PORT={text} is no port: {form} (it is set in {origin})")
    return int(text)
