"""Read-only snapshots of a PostgreSQL database, for reading very many rows over several connections.

They use neither the pool nor the timeouts of a service: reading may take hours, and no request should wait for it.
Nothing is locked; but rows that are deleted meanwhile stay on disk until the snapshot is released.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
from sqlalchemy import Engine

from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions

CONNECT_TIMEOUT = 10  # seconds
BATCH = 5000  # rows in memory at once

# The session that holds a snapshot is idle for long and must not be ended for it. Not every server has all three.
NO_TIMEOUTS = """
    SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')
"""
# All rows will be read, so the planner should minimise the time to the last row, not to the first.
PLAN_FOR_ALL_ROWS = "SET cursor_tuple_fraction = 1; SET work_mem = '64MB'"

Row = tuple[Any, ...]


class Reader:
    """A connection that sees the snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._streams = 0

    def rows(self, sql: str, values: Mapping[str, object]) -> Iterator[Sequence[Row]]:
        """Yield the rows of a query in batches; only one batch is in memory at a time."""
        self._streams += 1
        with self._connection.cursor(name=f"stream_{self._streams}") as cursor:
            cursor.execute(sql, values)
            while batch := cursor.fetchmany(BATCH):
                yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot of the database, valid while the connection that exported it is open; may go to other processes."""

    arguments: Mapping[str, Any]
    name: str

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open a connection that sees this snapshot."""
        with closing(_connected(self.arguments)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [self.name])
            yield Reader(connection)


@contextmanager
def snapshot_of(engine: Engine, application_name: str) -> Iterator[Snapshot]:
    """Hold a snapshot of an engine's database; raises `psycopg2.Error` if it cannot be reached."""
    _, arguments = engine.dialect.create_connect_args(engine.url)
    own = connect_options(arguments, application_name=application_name, connect_timeout=CONNECT_TIMEOUT)
    arguments = {**arguments, **own}
    with closing(_connected(arguments)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        [(name,)] = cursor.fetchall()
        yield Snapshot(arguments=arguments, name=name)


def _connected(arguments: Mapping[str, Any]) -> Connection:
    unlimited = session_settings(statement_timeout=0, lock_timeout=0, idle_timeout=0)
    connection = Sessions(unlimited, timeout=CONNECT_TIMEOUT).open(arguments)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(NO_TIMEOUTS)
        cursor.execute(PLAN_FOR_ALL_ROWS)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    return connection
