"""DATABASE_URL for those who run the service on this machine: read as the service reads it, and tried once."""

import re
from contextlib import closing
from typing import Any

import psycopg2

from lib import database_url
from lib.database_url import InvalidAddress, hosts_of, is_secret, masked_url, ports_of, read_address
from lib.local.errors import LocalError

__all__ = ["masked_url", "plain_url", "try_connection", "without_secrets"]

_PORT = "5432"
_CONNECT_SECONDS = 5  # for each host
_READ_ONLY = ("in_hot_standby", "default_transaction_read_only")  # told by PostgreSQL 14 and newer without being asked
# What libpq says of one host: at which address, and why there was no connection.
_SAID = re.compile(
    r'^connection to server (?:at|on socket) "([^"]*)"(?: \([^)]*\))?(?:, port (\d+))? failed: (.*)$', re.MULTILINE
)


def plain_url(url: str) -> str:
    """Write the address of a database as every PostgreSQL program takes it: `postgresql://...`.

    Raises:
        LocalError: it is not an address of PostgreSQL, or not one that the service takes.

    """
    return database_url.plain_url(_read(url))


def _read(url: str, name: str = "DATABASE_URL") -> dict[str, str]:
    try:
        return read_address(url)
    except InvalidAddress as error:
        raise LocalError(f"{name} {error}") from error


def without_secrets(url: str) -> tuple[str, str | None]:
    """Part an address into a plain one without secrets, and the password."""
    parameters = _read(url)
    bare = {name: value for name, value in parameters.items() if not is_secret(name)}
    return database_url.plain_url(bare), parameters.get("password")


def try_connection(url: str, name: str = "DATABASE_URL") -> None:
    """Connect to a database once, and let it go.

    Raises:
        LocalError: it is not an address of PostgreSQL, or its server cannot be reached, refuses, or takes no changes.

    """
    parameters = _read(url, name)
    arguments: dict[str, Any] = {**parameters, "connect_timeout": _CONNECT_SECONDS}
    try:
        with closing(psycopg2.connect(**arguments)) as connection:
            told = [connection.info.parameter_status(name) for name in _READ_ONLY]
    except psycopg2.OperationalError as error:
        raise _explain(str(error), parameters, name) from error
    except psycopg2.Error as error:  # what it says may quote any part of the address
        raise LocalError(f"{name} has a parameter that PostgreSQL does not take: look at its name") from error
    if "on" in told:
        raise LocalError(
            f"{name}: {_all_of(parameters)} takes no changes, as a standby or by default_transaction_read_only: "
            f"name the primary, or all hosts with ?target_session_attrs=read-write, or unset {name}"
        )


def _all_of(parameters: dict[str, str]) -> str:
    return ", ".join(_where(host, port) for host, port in zip(hosts_of(parameters), ports_of(parameters), strict=True))


def _where(host: str, port: str | None) -> str:
    if host.startswith("/"):
        return host
    return f"{f'[{host}]' if ':' in host else host or 'localhost'}:{port or _PORT}"


def _explain(said: str, parameters: dict[str, str], name: str) -> LocalError:
    causes = {_where(host, port): cause for host, port, cause in _SAID.findall(said)}
    if not causes:
        causes[_all_of(parameters)] = said.strip().partition("\n")[0]
    if len(causes) > 1:
        each = ", ".join(f"{where} ({_reason(cause)})" for where, cause in causes.items())
        return LocalError(f"{name}: none of its hosts can be used: {each}: see to one of them, or unset it")
    [(where, cause)] = causes.items()
    if _refused(cause):
        return LocalError(f"{name}: {where} refuses the connection ({_reason(cause)}): correct it, or unset {name}")
    return LocalError(f"{name}: cannot reach {where} ({cause}): start that server, or unset {name}")


def _refused(cause: str) -> bool:
    return cause.startswith(("FATAL:", "session is", "server is"))  # the latter two of target_session_attrs


def _reason(cause: str) -> str:
    return cause.removeprefix("FATAL:").strip()
