"""The settings of a session: they are set after it is opened, and verified to last.

They are not startup options, because a pooler between us and PostgreSQL refuses or drops those. A pooler that lends a
session for one transaction only (PgBouncer's pool_mode = transaction) loses all settings and prepared statements: then
no timeout holds. This module notices that before the connection is used (A18).
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # as above
from sqlalchemy import Engine, event

from lib.database_errors import Unavailable
from lib.deadlines import time_limit
from lib.logs import get_logger

TOKEN = "session_check.token"  # noqa: S105  # the name of a setting that marks a session as ours
ROUNDS = 3  # checks from both connections; a shared pooler may happen to lend the right sessions in one of them

log = get_logger()


class SettingsLost(Unavailable):
    """The session's settings do not last; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "a pooler between the service and PostgreSQL does not keep the settings of a session, so no timeout would "
            "hold and no prepared statement would last: let it pool by session (PgBouncer: pool_mode = session), or "
            "give DATABASE_URL the address of PostgreSQL itself (docs/deploy.md, Poolers)"
        )


class Sessions:
    """Opens sessions with these settings, which are made within `timeout` seconds after the connection."""

    def __init__(self, settings: Mapping[str, str], *, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._proven = False

    def open(self, parameters: Mapping[str, Any]) -> Connection:
        """Open a session with libpq's parameters; costs one round trip more than a connection does.

        Behind a pooler, the first session of a process also verifies that settings last. Raises `SettingsLost` if they
        do not, and `psycopg2.Error` if there is no connection or no answer in time.
        """
        connection: Connection = psycopg2.connect("", **parameters)
        try:
            with time_limit(connection, self._timeout):
                self._set_up(connection, parameters)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        connection.autocommit = True  # else the settings could be rolled back with the transaction that makes them
        with connection.cursor() as cursor:
            made = ", ".join(["set_config(%s, %s, false)"] * len(self._settings))
            cursor.execute(f"SELECT pg_backend_pid(), {made}", [*chain.from_iterable(self._settings.items())])
            [(process, *values)] = cursor.fetchall()
            # A pooler gives its clients a process id of its own, by which they may cancel a statement.
            if process != connection.info.backend_pid and not self._proven:
                self._proven = self._verify(cursor, parameters, values)
        connection.autocommit = False

    def _verify(self, cursor: Cursor, parameters: Mapping[str, Any], values: Sequence[str]) -> bool:
        """Verify that no other client gets this session and that its settings last; False if that cannot be checked."""
        token = secrets.token_hex(8)
        cursor.execute("SELECT set_config(%s, %s, false)", [TOKEN, token])
        names = [*self._settings, TOKEN]
        try:
            with (
                closing(psycopg2.connect("", **parameters)) as connection,
                time_limit(connection, self._timeout / 2),
                connection.cursor() as other,
            ):
                connection.autocommit = True
                for _ in range(ROUNDS):
                    if token in _current(other, [TOKEN]) or _current(cursor, names) != [*values, token]:
                        raise SettingsLost
        except psycopg2.OperationalError as error:
            if cursor.connection.closed:
                raise
            # The pooler has no second session to lend, so it did not lend ours to another client either.
            log.info("session settings not proven", cause=str(error).strip())
            return False
        return True


def _current(cursor: Cursor, names: Sequence[str]) -> list[str | None]:
    """Return the values of these settings; None for one that the session does not know."""
    cursor.execute(f"SELECT {', '.join(['current_setting(%s, true)'] * len(names))}", names)
    return list(cursor.fetchall()[0])


def open_with(engine: Engine, sessions: Sessions) -> None:
    """Make an engine open all its connections as these sessions."""

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, ___: object, parameters: Mapping[str, Any]) -> Connection:
        return sessions.open(parameters)
