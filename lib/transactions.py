"""One PostgreSQL transaction, in as few round trips as it has questions.

SQLAlchemy keeps the pool, and runs statements of its Core (`execute`): for all that is not asked at every event. What
is, goes to psycopg2 as it is (`fetch`, `write`). Two things make that cheap, both measured: each statement is parsed
and planned by the server once a connection (a third of the server's CPU; A18), and what answers nothing (BEGIN,
INSERT, COMMIT) travels with the statement that does.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, overload

import psycopg2
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from lib.deadlines import Missed, watch
from lib.metrics.database import DEADLINE, error_count, reason_of

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  # a class, whatever its letters
    from sqlalchemy.engine.interfaces import DBAPICursor

Columns = TypeVar("Columns", bound=tuple[Any, ...])

# SQLSTATE classes and codes that say "not now" rather than "never": connection trouble, resources (disk full,
# too many connections), operator intervention, I/O, and what a lock or a concurrent transaction can do to us.
PASSING_CLASSES = frozenset({"08", "53", "57", "58"})
READ_ONLY = "25006"
LOCKED = "55P03"
DISK_FULL = "53100"
# 25P03: the server ended the session, since the transaction was idle for too long; its process had been stopped.
PASSING_CODES = frozenset({"40001", "40P01", LOCKED, "25P03", READ_ONLY})
ENDED = frozenset({"57P01", "57P02", "57P05"})  # the server was stopped, has crashed, or ended an idle session

WRITABLE = (
    "it is a standby, or default_transaction_read_only is on: give DATABASE_URL the primary, or all hosts with "
    "?target_session_attrs=read-write, or switch that setting off"
)


class Unavailable(Exception):
    """The database cannot be reached, is overloaded or gave up; the same call may succeed later."""


class Gone(Unavailable):
    """The connection had been lost before it was used: nothing was done, and the same may be begun again at once."""


class Locked(Unavailable):
    """Somebody holds a lock for longer than `lock_timeout` waits."""


class NoRoom(Unavailable):
    """The disk of the database is full."""


class ReadOnly(Unavailable):
    """The database takes no changes; the text says what to do."""


BY_CODE: dict[str | None, type[Unavailable]] = {LOCKED: Locked, DISK_FULL: NoRoom}


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


class Session:
    """A connection of the pool as transactions use it, with what the server was told on it.

    Raises psycopg2's errors where it is lost already.
    """

    __slots__ = ("_connection", "_engine", "cursor", "driver", "made_at", "prepared", "used_at", "versions")

    def __init__(self, connection: PoolProxiedConnection, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine
        self.prepared: dict[str, str] = connection.info.setdefault("prepared", {})
        self.versions: dict[str, list[Statement]] = connection.info.setdefault("versions", {})
        self.cursor = connection.cursor()
        self.driver: Connection = self.cursor.connection
        # BEGIN and COMMIT are ours; the driver would send a BEGIN of its own before them.
        self.driver.autocommit = True
        self.made_at = time.monotonic()
        self.used_at = 0.0

    def core(self) -> CoreConnection:
        """Return the connection as SQLAlchemy's Core uses it. Never closed: it would go back to the pool."""
        return CoreConnection(self._engine, self._connection)

    def give_back(self) -> None:
        """Let others have the connection; raises psycopg2's errors where it is lost."""
        self.driver.autocommit = False
        self._connection.close()

    def discard(self, error: psycopg2.Error | None = None) -> None:
        """Close the connection; the pool may open another instead."""
        if self._connection.is_valid:  # SQLAlchemy has invalidated one that it found lost
            self._connection.invalidate(error)
        self._connection.close()


class Transaction:
    """The statements between BEGIN and COMMIT in a session; use it with `with`.

    It is READ COMMITTED, so each statement sees what was committed when that statement started. What its owner
    does not commit is rolled back. Raises `Unavailable` where the database is the cause and a later try may succeed;
    a connection on which the driver failed is closed, since its state is not worth guessing. At the deadline (of
    `time.monotonic`) the connection is cut, and `missed` is told.

    Where there is `keep`, it is handed the session at the end, which else goes back to the pool; and a session that
    turns out to be lost before anything was done in it raises `Gone`.
    """

    # Called with its cursor before a transaction is rolled back that ends without a COMMIT and without an exception.
    left_open: ClassVar["Callable[[DBAPICursor], None] | None"] = None

    def __init__(
        self, session: Session, *, deadline: float, missed: Missed, keep: Callable[[Session], None] | None = None
    ) -> None:
        self._session = session
        self._cursor = session.cursor
        self._unsent = [b"BEGIN ISOLATION LEVEL READ COMMITTED"]
        self._open = False
        self._answered = False
        self._deadline = deadline
        self._missed = missed
        self._keep = keep
        self._unfit = False

    def __enter__(self) -> Self:
        watch.begin(self._session.driver, self._deadline, self._missed)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if self._open and not isinstance(error, psycopg2.Error):
            if error is None and Transaction.left_open:
                Transaction.left_open(self._cursor)
            error = self._rolled_back()
        watch.end(self._session.driver)
        if isinstance(error, psycopg2.Error):
            self._discard(error)
        if self._unfit:
            self._session.discard()
            return
        try:
            (self._keep or Session.give_back)(self._session)
        except psycopg2.Error as lost:
            self._discard(lost)

    @overload
    def execute(self, statement: TypedReturnsRows[Columns]) -> CursorResult[Columns]: ...

    @overload
    def execute(self, statement: Executable) -> CursorResult[Any]: ...

    def execute(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement of SQLAlchemy's Core, after all that was not sent yet, and return its result."""
        if self._unsent:
            self._send_all()
        try:
            return self._session.core().execute(statement)
        except DBAPIError as error:
            raise (error.orig or error) from None

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
        self._answered = True  # what is sent now may be done, whether its answer comes or not
        self._send(b"COMMIT")
        self._open = False

    def undo(self) -> None:
        """Roll back what was written, on purpose: a write that is left without a commit is a defect otherwise."""
        self._send(b"ROLLBACK")
        self._open = False

    def _discard(self, error: psycopg2.Error) -> NoReturn:
        cut_by_us = error.pgcode is None and time.monotonic() >= self._deadline
        self._session.discard(error)
        if self._keep and not (self._answered or cut_by_us) and is_lost(error):
            raise Gone(str(error).strip()) from error
        error_count(DEADLINE if cut_by_us else reason_of(error)).inc()
        raise told_apart(error) from error

    def _rolled_back(self) -> psycopg2.Error | None:
        """Leave the session as it was, or say what went wrong in it."""
        try:
            self._cursor.execute(b"ROLLBACK")
        except psycopg2.Error as error:
            return error
        return None

    def _bound(self, statement: Statement, values: tuple[object, ...]) -> bytes:
        call = self._session.prepared.get(statement.name)
        if call is None:
            call = self._prepare(statement)
        bound: bytes = self._cursor.mogrify(call, values)
        return bound

    def _prepare(self, statement: Statement) -> str:
        """Have the server parse a statement, and in the same round trip forget those that it supersedes."""
        kept = self._session.versions.setdefault(statement.family, []) if statement.family else []
        superseded = [each for each in kept if each.version != statement.version]
        # Outside the queue: a rollback undoes neither PREPARE nor DEALLOCATE, so neither may be repeated after one.
        self._cursor.execute("; ".join([*(each.deallocate for each in superseded), statement.prepare]))
        for each in superseded:
            kept.remove(each)
            del self._session.prepared[each.name]
        kept.append(statement)
        call = self._session.prepared[statement.name] = statement.execute
        return call

    def _send(self, last: bytes) -> None:
        self._unsent.append(last)
        self._send_all()

    def _send_all(self) -> None:
        batch = b";".join(self._unsent)
        self._unsent.clear()
        self._open = True
        self._cursor.execute(batch)
        self._answered = True


def is_lost(error: psycopg2.Error) -> bool:
    """Tell whether the connection is gone: hung up on, or told that the server ends it."""
    if error.pgcode is None:
        return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return error.pgcode in ENDED


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
    if sqlstate in BY_CODE:
        return BY_CODE[sqlstate](said)
    return Unavailable(said) if passing else error
