"""DATABASE_URL and DATABASE_OWNER_URL in the forms that other programs need, and an attempt to connect."""

from contextlib import closing
from typing import Any

import psycopg2

from lib import database_url
from lib.database_url import InvalidAddress, is_secret, read_address
from lib.local.terminal import LocalError

_CONNECT_SECONDS = 5  # for each host
_READ_ONLY = ("in_hot_standby", "default_transaction_read_only")  # PostgreSQL 14 and newer reports these unasked


def plain_url(url: str) -> str:
    """Rewrite an address as every PostgreSQL program accepts it: `postgresql://…`. Raises `LocalError`."""
    return database_url.plain_url(_read(url))


def split_password(url: str) -> tuple[str, str | None]:
    """Return a plain address without secrets, and the password if there is one; raises `LocalError`."""
    parameters = _read(url)
    plain = database_url.plain_url({name: value for name, value in parameters.items() if not is_secret(name)})
    return plain, parameters.get("password")


def _read(url: str, name: str = "DATABASE_URL") -> dict[str, str]:
    try:
        return read_address(url)
    except InvalidAddress as error:
        raise LocalError(f"{name} {error}") from error


def try_connection(url: str, name: str = "DATABASE_URL") -> None:
    """Connect to a database once; raises `LocalError` if that fails or the server is read-only.

    `name` is the setting that holds the address.
    """
    arguments: dict[str, Any] = {**_read(url, name), "connect_timeout": _CONNECT_SECONDS}
    try:
        with closing(psycopg2.connect(**arguments)) as connection:
            read_only = [connection.info.parameter_status(parameter) for parameter in _READ_ONLY]
    except psycopg2.OperationalError as error:
        # One line for each host; the indented lines below it only guess at the cause.
        cause = "; ".join(line for line in str(error).splitlines() if line and not line.startswith("\t"))
        raise LocalError(f"{name}: {cause}: start that server or correct the address, or unset {name}") from error
    except psycopg2.Error as error:  # its text may quote any part of the address
        raise LocalError(f"{name} has a parameter that PostgreSQL does not take: look at its name") from error
    if "on" in read_only:
        raise LocalError(
            f"{name}: its server takes no changes, as a standby or by default_transaction_read_only: "
            f"name the primary, or all hosts with ?target_session_attrs=read-write, or unset {name}"
        )
