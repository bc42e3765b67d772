"""One PostgreSQL transaction, in as few round trips as it has questions.

SQLAlchemy keeps the pool; the statements go to psycopg2 as they are. Two things make them cheap, both
measured: each is parsed and planned by the server once a connection (a third of the server's CPU; A18),
and what answers nothing (BEGIN, INSERT, COMMIT) travels with the statement that does.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn, Self

import psycopg2
from sqlalchemy.pool import PoolProxiedConnection

from lib.deadlines import Missed, watch
from lib.metrics.database import DEADLINE, error_count, reason_of

# SQLSTATE classes and codes that say "not now" rather than "never": connection trouble, resources (disk full,
# too many connections), operator intervention, I/O, and what a lock or a concurrent transaction can do to us.
PASSING_CLASSES = frozenset({"08", "53", "57", "58"})
READ_ONLY = "25006"
LOCKED = "55P03"
# 25P03: the server ended the session, since the transaction was idle for too long; its process had been stopped.
PASSING_CODES = frozenset({"40001", "40P01", LOCKED, "25P03", READ_ONLY})

WRITABLE = (
    "it is a standby, or default_transaction_read_only is on: give DATABASE_URL the primary, or all hosts with "
    "?target_session_attrs=read-write, or switch that setting off"
)


class Unavailable(Exception):
    """The database cannot be reached, is overloaded or gave up; the same call may succeed later."""


class Locked(Unavailable):
    """Somebody holds a lock for longer than `lock_timeout` waits."""


class ReadOnly(Unavailable):
    """The database takes no changes; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with parameters $1, $2 … of the named types, prepared once a connection.

    The name must be its own among all statements of the program. Statements that change with what is in force name
    their `family` and which `version` of it they are: when a connection prepares one, it releases those of its family
    of any other version, so that no connection keeps what nobody uses any more.
    """

    name: str
    types: tuple[str, ...]
    sql: str
    family: str = ""
    version: str = ""

    @property
    def prepare(self) -> str:
        """The SQL that has the server parse it."""
        return f"PREPARE {self.name}{_listed(self.types)} AS {self.sql}"

    @property
    def execute(self) -> str:
        """The SQL that runs it, with the driver's placeholders."""
        return f"EXECUTE {self.name}{_listed(['%s'] * len(self.types))}"

    @property
    def deallocate(self) -> str:
        """The SQL that has the server forget it."""
        return f"DEALLOCATE {self.name}"


# Where few values have nearly all rows, a plan for all values (`plan_cache_mode` of lib.postgres_pool) would read the
# whole table for any of them. Written before a question, this keeps the transaction to the indexes until its end.
BY_INDEX = Statement("by_index", (), "SELECT set_config('enable_seqscan', 'off', true)")


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""  # PostgreSQL takes no empty list


class Transaction:
    """The statements between BEGIN and COMMIT on a connection of the pool; use it with `with`.

    It is READ COMMITTED, so each statement sees what was committed when that statement started. What its owner
    does not commit is rolled back. Raises `Unavailable` where the database is the cause and a later try may succeed;
    a connection on which the driver failed is closed, since its state is not worth guessing. At the deadline (of
    `time.monotonic`) the connection is cut, and `missed` is told.
    """

    def __init__(self, connection: PoolProxiedConnection, *, deadline: float, missed: Missed) -> None:
        self._connection = connection
        self._prepared: dict[str, str] = connection.info.setdefault("prepared", {})
        self._versions: dict[str, list[Statement]] = connection.info.setdefault("versions", {})
        self._unsent = [b"BEGIN ISOLATION LEVEL READ COMMITTED"]
        self._open = False
        self._deadline = deadline
        self._missed = missed
        self._unfit = False

    def __enter__(self) -> Self:
        try:
            self._cursor = self._connection.cursor()
            self._driver = self._cursor.connection
            # BEGIN and COMMIT are ours; the driver would send a BEGIN of its own before them.
            self._driver.autocommit = True
        except psycopg2.Error as error:
            self._discard(error)
        watch.begin(self._driver, self._deadline, self._missed)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if not isinstance(error, psycopg2.Error):
            error = self._rolled_back()
        watch.end(self._driver)
        if isinstance(error, psycopg2.Error):
            self._discard(error)
        if self._unfit:
            self._connection.invalidate()
        self._connection.close()

    def fetch(self, statement: Statement, *values: object) -> Sequence[tuple[Any, ...]]:
        """Run a statement, after all that was not sent yet, and return its rows."""
        self._send(self._bound(statement, values))
        rows: Sequence[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def write(self, statement: Statement, *values: object) -> None:
        """Queue a statement whose rows nobody reads; it is sent with the next fetch or with the commit."""
        self._unsent.append(self._bound(statement, values))

    def lend_no_more(self) -> None:
        """Have the connection closed at the end: another session may be as this one should be."""
        self._unfit = True

    def commit(self) -> None:
        """Send what is left and commit; once this returns, the transaction is durable."""
        self._send(b"COMMIT")
        self._open = False

    def _discard(self, error: psycopg2.Error) -> NoReturn:
        cut_by_us = error.pgcode is None and time.monotonic() >= self._deadline
        error_count(DEADLINE if cut_by_us else reason_of(error)).inc()
        self._connection.invalidate(error)
        self._connection.close()
        raise told_apart(error) from error

    def _rolled_back(self) -> psycopg2.Error | None:
        """Leave the connection as it was lent, or say what went wrong on it."""
        try:
            if self._open:
                self._cursor.execute(b"ROLLBACK")
            self._driver.autocommit = False
        except psycopg2.Error as error:
            return error
        return None

    def _bound(self, statement: Statement, values: tuple[object, ...]) -> bytes:
        call = self._prepared.get(statement.name)
        if call is None:
            call = self._prepare(statement)
        bound: bytes = self._cursor.mogrify(call, values)
        return bound

    def _prepare(self, statement: Statement) -> str:
        """Have the server parse a statement, and in the same round trip forget those that it supersedes."""
        kept = self._versions.setdefault(statement.family, []) if statement.family else []
        superseded = [each for each in kept if each.version != statement.version]
        # Outside the queue: a rollback undoes neither PREPARE nor DEALLOCATE, so neither may be repeated after one.
        self._cursor.execute("; ".join([*(each.deallocate for each in superseded), statement.prepare]))
        for each in superseded:
            kept.remove(each)
            del self._prepared[each.name]
        kept.append(statement)
        call = self._prepared[statement.name] = statement.execute
        return call

    def _send(self, last: bytes) -> None:
        batch = b";".join((*self._unsent, last))
        self._unsent.clear()
        self._open = True
        self._cursor.execute(batch)


def told_apart(error: psycopg2.Error) -> Exception:
    """Return `Unavailable` for a fault that passes, and the error itself for a defect.

    The driver's own words go with it for the log; no client is shown them.
    """
    sqlstate = error.pgcode
    if sqlstate is None:
        passing = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    else:
        passing = sqlstate in PASSING_CODES or sqlstate[:2] in PASSING_CLASSES
    said = f"{sqlstate or 'connection lost'}: {str(error).strip()}"
    if sqlstate == READ_ONLY:
        return ReadOnly(f"the database takes no changes ({said}); {WRITABLE}")
    if sqlstate == LOCKED:
        return Locked(said)
    return Unavailable(said) if passing else error
