"""Sessions of PostgreSQL for writing very many rows: outside the pool, with timeouts for work that takes minutes.

They are safe beside a service: a process that was stopped holds its locks for seconds only.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
from psycopg2.extensions import cursor as Cursor  # noqa: N812  # as above
from sqlalchemy import Engine

from lib.postgres_pool import connect_options, session_settings
from lib.postgres_sessions import Sessions

CONNECT_TIMEOUT = 10  # seconds
LOCK_TIMEOUT = 60.0  # seconds that a statement waits for somebody else's lock
IDLE_TIMEOUT = 10.0  # seconds after which a transaction ends whose process was stopped
MEMORY = "SET work_mem = '64MB'"

NULL = "\\N"  # as COPY reads it


@dataclass(frozen=True, slots=True)
class BulkAddress:
    """Where to connect; may go to other processes."""

    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, engine: Engine, application_name: str) -> "BulkAddress":
        """Take the address of an engine; PostgreSQL shows the sessions under that name."""
        _, arguments = engine.dialect.create_connect_args(engine.url)
        own = connect_options(arguments, application_name=application_name, connect_timeout=CONNECT_TIMEOUT)
        return cls({**arguments, **own})

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Open a session, in which each statement is a transaction of its own; raises `psycopg2.Error`."""
        limits = session_settings(statement_timeout=0, lock_timeout=LOCK_TIMEOUT, idle_timeout=IDLE_TIMEOUT)
        with closing(Sessions(limits, timeout=CONNECT_TIMEOUT).open(self.arguments)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(MEMORY)
            yield connection


def escaped(value: str) -> str:
    """Return a text without control characters, such as JSON, as COPY reads it."""
    return value.replace("\\", "\\\\")


def copy_lines(cursor: Cursor, table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
    """Add rows to a table; `lines` are in COPY's text format."""
    if lines:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", StringIO("".join(lines)))
