"""A PostgreSQL database for a service: pooled transactions with deadlines, refused at once while it does not answer."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TypeVar

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from lib.database_errors import ConnectionLost, DiskFull, Unavailable
from lib.kept_sessions import KeptSessions
from lib.logs import get_logger
from lib.metrics.database import CANNOT_CONNECT, POOL_TIMEOUT, SILENCE, SILENT, error_count, watch_pool
from lib.postgres_sessions import SettingsLost
from lib.transactions import Session, Transaction

PAUSE = 0.2  # seconds between two probes
NEVER = float("-inf")
SUSPICIOUS = 1.0  # seconds; a connection that fails faster was refused by a server that still answers

log = get_logger()

Result = TypeVar("Result")


def _ignore() -> None:
    pass


def _session_on(connection: PoolProxiedConnection, engine: Engine) -> Session:
    try:
        return Session(connection, engine)
    except psycopg2.Error as error:
        connection.invalidate(error)
        connection.close()
        raise


class Database:
    """Begins transactions.

    Each has `deadline` seconds, including the wait for a connection. When one misses it, the database counts as
    silent: further transactions are refused at once, instead of each waiting in turn, until a probe is answered (A19).
    """

    def __init__(self, engine: Engine, *, deadline: float, spare: int = 0, kept: int = 0) -> None:
        """Use the engine's pool: `spare` of its connections serve no event; up to `kept` are never returned to it."""
        self._engine = engine
        self._deadline = deadline
        self._kept = KeptSessions(kept)
        self._lock = Lock()
        self._closed = Event()
        self.silent = False
        self.disk_full_at = NEVER  # when `run` last found the disk full (`time.monotonic`)
        SILENT.set(0)
        watch_pool(engine, spare, self._kept)

    def transaction(self, *, deadline: float | None = None, trial: bool = False) -> Transaction:
        """Begin a transaction, a context manager; `deadline` replaces the usual one.

        A `trial` that misses its deadline does not make the database count as silent: its deadline is shorter than
        others. Raises `Unavailable` if no connection can be opened or borrowed.
        """
        began = self._begin()
        due = began + (deadline or self._deadline)
        return Transaction(self._session(began), deadline=due, on_deadline=_ignore if trial else self.mark_silent)

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """Call `work` with a transaction, which it commits, in a kept session: that costs less than a borrowed one.

        If the session was lost meanwhile, for instance because the server restarted, `work` is called again with
        another one. Raises what `transaction` raises.
        """
        try:
            return self._run(work)
        except DiskFull:
            self.disk_full_at = time.monotonic()
            raise

    def _run(self, work: Callable[[Transaction], Result]) -> Result:
        began = self._begin()
        due = began + self._deadline
        try:
            session = self._kept.take(began) or self._session(began)
            with Transaction(session, deadline=due, on_deadline=self.mark_silent, keep=self._kept.put) as current:
                return work(current)
        except ConnectionLost:
            self._kept.recheck_all()
        with Transaction(self._session(began), deadline=due, on_deadline=self.mark_silent) as current:
            return work(current)

    def mark_silent(self) -> None:
        """Count the database as silent until a probe is answered."""
        with self._lock:
            if not self.silent:
                # The thread first: if it cannot be started, nothing would ever reset `silent`.
                Thread(target=self._probe_until_answered, name="probe", daemon=True).start()
                self.silent = True
                SILENT.set(1)
                log.error("database silent", deadline=self._deadline)

    def close(self) -> None:
        """Return the kept sessions to the pool and stop probing; the database is not used afterwards."""
        self._closed.set()
        self._kept.give_back()

    def _begin(self) -> float:
        if self.silent:
            error_count(SILENCE).inc()
            raise Unavailable("the database does not answer")
        return time.monotonic()

    def _session(self, began: float) -> Session:
        try:
            return _session_on(self._engine.raw_connection(), self._engine)
        except (SQLAlchemyError, psycopg2.Error, SettingsLost) as error:
            # If all connections stay busy, that is load; if a new one takes this long, the server is silent.
            busy = isinstance(error, PoolTimeoutError)
            error_count(POOL_TIMEOUT if busy else CANNOT_CONNECT).inc()
            if not busy and time.monotonic() - began > SUSPICIOUS:
                self.mark_silent()
            if isinstance(error, SettingsLost):
                raise
            raise Unavailable(str(getattr(error, "orig", error)).strip()) from error

    def _probe_until_answered(self) -> None:
        while not self._answers():
            if self._closed.wait(PAUSE):
                return
        # If the network dropped all packets, connections from before may be dead without a sign; each one still in
        # the pool would cost an event its deadline, one after the other.
        self._kept.discard()
        self._engine.dispose()
        with self._lock:
            self.silent = False
            SILENT.set(0)
        log.info("database answers again")

    def _answers(self) -> bool:
        """Open a connection outside the pool: whether an open one still works cannot be seen without waiting."""
        probe = self._engine.pool.recreate()
        try:
            probe.connect().close()
        except Exception as error:  # noqa: BLE001  # whatever it is: if probing stopped, we would refuse for ever
            log.info("probe failed", cause=str(error))
            return False
        finally:
            probe.dispose()
        return True
