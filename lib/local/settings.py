"""The settings of the runner, HOST, PORT and the addresses of the database, from the environment or the file `.env`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from lib.hints import PLAIN, PREFIX
from lib.local.cluster import Cluster
from lib.local.processes import MARK
from lib.local.project import INSTANCE, Project
from lib.local.terminal import LocalError
from lib.secret_files import UnreadableSecret, read_secret

HOST = "127.0.0.1"
PORT = 5000
_OWNER = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
_DATABASE = ("DATABASE_URL", "DATABASE_URL_FILE", *_OWNER)
_MAX_PORT = 65535
# Where a client reaches a service that listens on every interface.
_CLIENT_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens here


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the service listens, and which database it uses; `database_url` is None for the private PostgreSQL.

    `environment` holds all variables that are set, except those that name the owner's address of the database, which
    `owner` holds.
    """

    host: str
    port: int
    database_url: str | None
    owner_url: str | None
    environment: Mapping[str, str]
    owner: Mapping[str, str]

    @property
    def address(self) -> str:
        """The service's base URL for clients on this machine."""
        host = _CLIENT_HOSTS.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings; the environment takes precedence over `.env`. Raises `LocalError` if one is invalid."""
    variables = {**_read_dotenv(root / ".env"), **environment}
    owner = {name: variables.pop(name) for name in _OWNER if name in variables}
    database_url, owner_url = _secret(root, variables, "DATABASE_URL"), _secret(root, owner, _OWNER[0])
    if owner_url and not database_url:
        raise LocalError("DATABASE_OWNER_URL is set and DATABASE_URL is not: set both, or unset both")
    return Settings(
        host=variables.get("HOST") or HOST,
        port=_port(variables.get("PORT") or str(PORT), "the environment" if environment.get("PORT") else ".env"),
        database_url=database_url,
        owner_url=owner_url,
        # Empty instead of unset: the service reads `.env` itself, and would set again what is unset.
        environment={**variables, **dict.fromkeys(owner, "")},
        owner=owner,
    )


def settings_of(project: Project, environment: Mapping[str, str]) -> Settings:
    """Read the settings for a project. A further instance has its own database, files and secrets, whatever is set.

    Until it runs, its `port` is the one above which it looks for a free one. Raises `LocalError` if one is invalid.
    """
    if project.own is None:
        return read_settings(project.root, environment)
    of_secrets = (variable for name in project.secrets for variable in (name, f"{name}_FILE"))
    # Empty instead of unset, for the same reason as above.
    replaced = {**dict.fromkeys([*_DATABASE, *of_secrets], ""), **project.environment, **project.own.settings}
    begins = f"{INSTANCE}={project.own.name} "
    called = environment.get(PREFIX) or PLAIN
    replaced[PREFIX] = called if called.startswith(begins) else begins + called
    return read_settings(project.root, {**environment, **replaced})


def program_environment(project: Project, settings: Settings, cluster: Cluster | None) -> dict[str, str]:
    """Return the environment of the programs, which contains the service's address of the database, not the owner's."""
    return {
        **project.environment,
        **settings.environment,
        **secret_files(project, settings),
        "HOST": settings.host,
        "PORT": str(settings.port),
        **({"DATABASE_URL": cluster.service_url} if cluster else {}),
        "PYTHONUNBUFFERED": "1",  # so that what a program prints before it dies is in the log
        MARK: project.mark,
    }


def secret_files(project: Project, settings: Settings) -> dict[str, str]:
    """Return the variables that name the files of the project's secrets, except of those that the user sets."""
    return {
        f"{name}_FILE": str(project.root / file)
        for name, file in project.secrets.items()
        if not any(settings.environment.get(each) for each in (name, f"{name}_FILE"))
    }


def owner_environment(settings: Settings, cluster: Cluster | None) -> Mapping[str, str]:
    """Return the variables that give a program the owner's address of the database."""
    return settings.owner if cluster is None else {_OWNER[0]: cluster.owner_url}


def _secret(root: Path, variables: Mapping[str, str], name: str) -> str | None:
    file = variables.get(f"{name}_FILE")
    if not file:
        return variables.get(name) or None
    if variables.get(name):
        raise LocalError(f"{name} and {name}_FILE are both set: unset one of the two")
    try:
        return read_secret(root / file)
    except UnreadableSecret as error:
        raise LocalError(f"{name}_FILE={file}: {error}: correct it, or unset it") from error


def _read_dotenv(file: Path) -> dict[str, str]:
    try:
        return {name: value or "" for name, value in dotenv_values(file).items()}
    except UnicodeDecodeError as error:
        raise LocalError(f".env is not written in UTF-8: save it so, or remove it ({file})") from error


def _port(text: str, origin: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        form = f"give a number from 1 to {_MAX_PORT}, such as PORT={PORT}"
        raise LocalError(f"PORT={text} is not a port: {form} (it is set in {origin})")
    return int(text)
