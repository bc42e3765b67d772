"""DATABASE_URL as the service reads it, for those who run it on this machine; and one attempt to connect."""

from contextlib import closing
from typing import Any

import psycopg2

from lib.database_url import InvalidAddress, is_secret, read_address
from lib.database_url import plain_url as written
from lib.local.errors import LocalError

_CONNECT_SECONDS = 5  # for each host
_READ_ONLY = ("in_hot_standby", "default_transaction_read_only")  # which PostgreSQL 14 and newer sends unasked


def plain_url(url: str) -> str:
    """Write the address of a database as every PostgreSQL program takes it: `postgresql://...`. Raises `LocalError`."""
    return written(_read(url))


def without_secrets(url: str) -> tuple[str, str | None]:
    """Split an address into a plain one without secrets, and the password; raises `LocalError`."""
    parameters = _read(url)
    plain = written({name: value for name, value in parameters.items() if not is_secret(name)})
    return plain, parameters.get("password")


def _read(url: str, name: str = "DATABASE_URL") -> dict[str, str]:
    try:
        return read_address(url)
    except InvalidAddress as error:
        raise LocalError(f"{name} {error}") from error


def try_connection(url: str, name: str = "DATABASE_URL") -> None:
    """Connect to a database once; raises `LocalError` where it cannot be reached, refuses, or takes no changes."""
    arguments: dict[str, Any] = {**_read(url, name), "connect_timeout": _CONNECT_SECONDS}
    try:
        with closing(psycopg2.connect(**arguments)) as connection:
            read_only = [connection.info.parameter_status(parameter) for parameter in _READ_ONLY]
    except psycopg2.OperationalError as error:
        # A line for each host; what is indented below it only guesses at the cause.
        said = "; ".join(line for line in str(error).splitlines() if line and not line.startswith("\t"))
        raise LocalError(f"{name}: {said}: start that server or correct the address, or unset {name}") from error
    except psycopg2.Error as error:  # what it says may quote any part of the address
        raise LocalError(f"{name} has a parameter that PostgreSQL does not take: look at its name") from error
    if "on" in read_only:
        raise LocalError(
            f"{name}: its server takes no changes, as a standby or by default_transaction_read_only: "
            f"name the primary, or all hosts with ?target_session_attrs=read-write, or unset {name}"
        )
