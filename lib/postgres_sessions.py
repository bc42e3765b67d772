"""The settings of a session: set when it is open, and proven to last.

They are no startup options, since a pooler between us and PostgreSQL refuses those or drops them. One that lends a
session for a transaction only (PgBouncer's pool_mode = transaction) loses whatever is set and prepared: then no timeout
holds. That is noticed here, before anything is done on such a connection (A18).
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class, whatever its letters
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # as above
from sqlalchemy import Engine, event

from lib.deadlines import bounded
from lib.logs import get_logger
from lib.transactions import Unavailable

TOKEN = "session_check.token"  # noqa: S105  # the name of a setting that says whose session this is
ROUNDS = 3  # of questions by both connections; a pooler that others use as well may tell the truth at one of them

log = get_logger()


class SettingsLost(Unavailable):
    """The settings of a session do not last; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "between the service and PostgreSQL is a pooler that does not keep the settings of a session, so that no "
            "timeout would hold and no prepared statement would last: let it pool by session (PgBouncer: pool_mode = "
            "session), or give DATABASE_URL the address of PostgreSQL itself (docs/deploy.md, Poolers)"
        )


class Sessions:
    """How sessions are opened: with these settings, each within `patience` seconds after it is connected."""

    def __init__(self, settings: Mapping[str, str], *, patience: float) -> None:
        self._settings = settings
        self._patience = patience
        self._proven = False

    def open(self, parameters: Mapping[str, Any]) -> Connection:
        """Open one with libpq's parameters; costs one round trip more than a connection does.

        Where a pooler is between, the first one of a process also proves that what is set stays set. Raises
        `SettingsLost` where it does not, and `psycopg2.Error` where there is no connection or no answer in time.
        """
        connection: Connection = psycopg2.connect("", **parameters)
        try:
            with bounded(connection, self._patience):
                self._set_up(connection, parameters)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        connection.autocommit = True  # or the settings would end with the transaction in which they are made
        with connection.cursor() as cursor:
            made = ", ".join(["set_config(%s, %s, false)"] * len(self._settings))
            cursor.execute(f"SELECT pg_backend_pid(), {made}", [*chain.from_iterable(self._settings.items())])
            [(process, *values)] = cursor.fetchall()
            # A pooler tells its clients a number of its own, by which they may cancel a statement.
            if process != connection.info.backend_pid and not self._proven:
                self._proven = self._prove(cursor, parameters, values)
        connection.autocommit = False

    def _prove(self, cursor: Cursor, parameters: Mapping[str, Any], values: Sequence[str]) -> bool:
        """Prove that nobody else is given this session, and that its settings hold; False where that cannot be told."""
        token = secrets.token_hex(8)
        cursor.execute("SELECT set_config(%s, %s, false)", [TOKEN, token])
        names = [*self._settings, TOKEN]
        try:
            with (
                closing(psycopg2.connect("", **parameters)) as connection,
                bounded(connection, self._patience / 2),
                connection.cursor() as other,
            ):
                connection.autocommit = True
                for _ in range(ROUNDS):
                    if token in _held(other, [TOKEN]) or _held(cursor, names) != [*values, token]:
                        raise SettingsLost
        except psycopg2.OperationalError as error:
            if cursor.connection.closed:
                raise
            # It has no second session to give, so it did not take the first one away either.
            log.info("session settings not proven", cause=str(error).strip())
            return False
        return True


def _held(cursor: Cursor, names: Sequence[str]) -> list[str | None]:
    """Ask what these settings are; None for one that the session never heard of."""
    cursor.execute(f"SELECT {', '.join(['current_setting(%s, true)'] * len(names))}", names)
    return list(cursor.fetchall()[0])


def open_with(engine: Engine, sessions: Sessions) -> None:
    """Have an engine open all its connections so."""

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, ___: object, parameters: Mapping[str, Any]) -> Connection:
        return sessions.open(parameters)
