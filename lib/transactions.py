"""A PostgreSQL transaction that needs one round trip per query; one more if Core statements follow its BEGIN.

SQLAlchemy keeps the pool and runs Core statements (`execute`), which serve everything but the path of an event. That
path passes its SQL to psycopg2 directly (`fetch`, `write`). Two measured savings make it cheap: the server parses and
plans each statement once per connection (a third of its CPU; A18), and statements without a result (BEGIN, INSERT,
COMMIT) travel with one that has a result.
"""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, overload

import psycopg2
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import CursorResult, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.selectable import TypedReturnsRows

from lib.database_errors import ConnectionLost, classify_error, is_lost
from lib.deadlines import watch
from lib.metrics.database import DEADLINE, error_count, reason_of
from lib.statements import Call, Statement

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class
    from sqlalchemy.engine.interfaces import DBAPICursor

Columns = TypeVar("Columns", bound=tuple[Any, ...])


class Session:
    """A pooled connection as transactions use it, with the statements that are prepared on it.

    Raises psycopg2's errors if the connection is already lost.
    """

    __slots__ = ("_connection", "_engine", "cursor", "driver", "made_at", "prepared", "used_at", "versions")

    def __init__(self, connection: PoolProxiedConnection, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine
        self.prepared: dict[str, Call] = connection.info.setdefault("prepared", {})
        self.versions: dict[str, list[Statement]] = connection.info.setdefault("versions", {})
        self.cursor = connection.cursor()
        self.driver: Connection = self.cursor.connection
        # We send BEGIN and COMMIT ourselves; without autocommit the driver would send another BEGIN.
        self.driver.autocommit = True
        self.made_at = time.monotonic()
        self.used_at = 0.0

    @property
    def is_valid(self) -> bool:
        """Whether the connection is open; SQLAlchemy closes one on which a statement was interrupted."""
        return self._connection.is_valid

    def core(self) -> CoreConnection:
        """Return a SQLAlchemy connection over this one. Never close it: that would return this one to the pool."""
        return CoreConnection(self._engine, self._connection)

    def give_back(self) -> None:
        """Return the connection to the pool; raises psycopg2's errors if it is lost."""
        self.driver.autocommit = False
        self._connection.close()

    def discard(self, error: psycopg2.Error | None = None) -> None:
        """Close the connection; the pool may open another instead."""
        if self.is_valid:  # SQLAlchemy may already have found it lost and invalidated it
            self._connection.invalidate(error)
        self._connection.close()


class Transaction:
    """The statements between BEGIN and COMMIT in a session; a context manager.

    It is READ COMMITTED, so each statement sees what was committed when that statement started. Without a commit it is
    rolled back. Raises `Unavailable` if the database failed and a retry may succeed; after an error of the driver the
    connection is closed, because its state is unknown. At the deadline (of `time.monotonic`) the connection is cut and
    `on_deadline` is called.

    At the end the session is passed to `keep` if there is one, else it returns to the pool. With `keep`, a session that
    proves to be lost before anything was done in it raises `ConnectionLost`.
    """

    # Called with the cursor before the rollback of a transaction that ends with neither a commit nor an exception.
    on_uncommitted: ClassVar["Callable[[DBAPICursor], None] | None"] = None

    def __init__(
        self,
        session: Session,
        *,
        deadline: float,
        on_deadline: Callable[[], None],
        keep: Callable[[Session], None] | None = None,
    ) -> None:
        self._session = session
        self._cursor = session.cursor
        self._unsent = [b"BEGIN ISOLATION LEVEL READ COMMITTED"]
        self._open = False
        self._answered = False  # whether a batch was answered, or may have been committed
        self._deadline = deadline
        self._on_deadline = on_deadline
        self._keep = keep
        self._unfit = False

    def __enter__(self) -> Self:
        watch.begin(self._session.driver, self._deadline, self._on_deadline)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if self._open and not isinstance(error, psycopg2.Error):
            error = self._end_uncommitted(error)
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

    def _end_uncommitted(self, error: BaseException | None) -> psycopg2.Error | None:
        """Roll back and return the error if that fails; a connection that was closed meanwhile has nothing to undo."""
        if not self._session.is_valid:
            self._unfit = True
            return None
        if error is None and Transaction.on_uncommitted:
            try:
                Transaction.on_uncommitted(self._cursor)
            except BaseException:
                watch.end(self._session.driver)
                self._session.discard()
                raise
        return self._try_rollback()

    @overload
    def execute(self, statement: TypedReturnsRows[Columns]) -> CursorResult[Columns]: ...

    @overload
    def execute(self, statement: Executable) -> CursorResult[Any]: ...

    def execute(self, statement: Executable) -> CursorResult[Any]:
        """Send all queued statements, run one of SQLAlchemy's Core and return its result."""
        if self._unsent:
            self._send_all()
        try:
            return self._session.core().execute(statement)
        except DBAPIError as error:
            raise (error.orig or error) from None

    def fetch(self, statement: Statement, *values: object) -> Sequence[tuple[Any, ...]]:
        """Send all queued statements together with this one and return its rows."""
        self._send(self._bound(statement, values))
        rows: Sequence[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def write(self, statement: Statement, *values: object) -> None:
        """Queue a statement whose rows are not needed; it is sent with the next fetch or with the commit."""
        self._unsent.append(self._bound(statement, values))

    def close_at_end(self) -> None:
        """Close the connection at the end instead of returning it: a new session may work where this one does not."""
        self._unfit = True

    def commit(self) -> None:
        """Send all queued statements and commit; once this returns, the transaction is durable."""
        self._answered = True  # from here on the commit may have happened even if no answer arrives
        self._send(b"COMMIT")
        self._open = False

    def rollback(self) -> None:
        """Roll back deliberately: a write without a commit or a `rollback` is a defect."""
        self._send(b"ROLLBACK")
        self._open = False

    def _discard(self, error: psycopg2.Error) -> NoReturn:
        cut_by_us = error.pgcode is None and time.monotonic() >= self._deadline
        self._session.discard(error)
        if self._keep and not (self._answered or cut_by_us) and is_lost(error):
            raise ConnectionLost(str(error).strip()) from error
        error_count(DEADLINE if cut_by_us else reason_of(error)).inc()
        raise classify_error(error) from error

    def _try_rollback(self) -> psycopg2.Error | None:
        """Roll back and return the error if that fails."""
        try:
            self._cursor.execute(b"ROLLBACK")
        except psycopg2.Error as error:
            return error
        return None

    def _bound(self, statement: Statement, values: tuple[object, ...]) -> bytes:
        call = self._session.prepared.get(statement.name)
        if call is None:
            call = self._prepare(statement)
        if call.takes_integers:
            return (call.sql % values).encode()  # a fraction of the driver's time; each event does it twice
        bound: bytes = self._cursor.mogrify(call.sql, values)
        return bound

    def _prepare(self, statement: Statement) -> Call:
        """Make the server parse a statement and, in the same round trip, forget those that it supersedes."""
        kept = self._session.versions.setdefault(statement.family, []) if statement.family else []
        superseded = [each for each in kept if each.version != statement.version]
        # Not queued: a rollback undoes neither PREPARE nor DEALLOCATE, so neither may be repeated after one.
        self._cursor.execute("; ".join([*(each.deallocate for each in superseded), statement.prepare]))
        for each in superseded:
            kept.remove(each)
            del self._session.prepared[each.name]
        kept.append(statement)
        call = self._session.prepared[statement.name] = statement.call
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
