"""Reading very much of a PostgreSQL database: one state of it, shared by several connections, row after row.

It goes past the pool and the timeouts of a service: it may take hours, and no request should wait for it. Nothing can
be written, and nobody is locked out; but rows that are deleted meanwhile stay on disk until the snapshot is let go.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  # a class, whatever its letters
from sqlalchemy import Engine

from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions

LONGEST_CONNECT = 10  # seconds
BATCH = 5000  # rows that are held at once

# Those of them that this server knows: who holds a snapshot says nothing for long, and must not be cut off for it.
PATIENCE = """
    SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')
"""
# All rows will be read, so the plan that is cheapest to its end is wanted, not the one that begins soonest.
THOROUGH = "SET cursor_tuple_fraction = 1; SET work_mem = '64MB'"

Row = tuple[Any, ...]


class Reader:
    """A connection that sees one state of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._streams = 0

    def rows(self, sql: str, values: Mapping[str, object]) -> Iterator[Sequence[Row]]:
        """Return the rows of a query in batches, no more of them in memory than one batch."""
        self._streams += 1
        with self._connection.cursor(name=f"stream_{self._streams}") as cursor:
            cursor.execute(sql, values)
            while batch := cursor.fetchmany(BATCH):
                yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state of the database, for as long as its first reader lives; it may be sent to other processes."""

    arguments: Mapping[str, Any]
    name: str

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open a connection that sees this state."""
        with closing(_connected(self.arguments)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [self.name])
            yield Reader(connection)


@contextmanager
def snapshot_of(engine: Engine, application_name: str) -> Iterator[Snapshot]:
    """Hold the present state of the database of an engine; raises `psycopg2.Error` where it cannot be reached."""
    _, arguments = engine.dialect.create_connect_args(engine.url)
    own = connect_options(arguments, application_name=application_name, connect_timeout=LONGEST_CONNECT)
    arguments = {**arguments, **own}
    with closing(_connected(arguments)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        [(name,)] = cursor.fetchall()
        yield Snapshot(arguments=arguments, name=name)


def _connected(arguments: Mapping[str, Any]) -> Connection:
    without_haste = session_settings(statement_timeout=0, lock_timeout=0, idle_timeout=0)
    connection = Sessions(without_haste, patience=LONGEST_CONNECT).open(arguments)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(THOROUGH)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    return connection
