"""A PostgreSQL database as a service uses it: transactions from a pool, bounded in time, refused while it is silent."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TypeVar

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from lib.kept_sessions import KeptSessions
from lib.logs import get_logger
from lib.metrics.database import CANNOT_CONNECT, POOL_TIMEOUT, SILENCE, SILENT, error_count, watch_pool
from lib.postgres_sessions import SettingsLost
from lib.transactions import Gone, NoRoom, Session, Transaction, Unavailable

PAUSE = 0.2  # seconds between two probes
NEVER = float("-inf")
SUSPICIOUS = 1.0  # seconds; a connection that is refused at once tells of a server that answers

log = get_logger()

Result = TypeVar("Result")


def _told_nobody() -> None:
    pass


def _session_on(connection: PoolProxiedConnection, engine: Engine) -> Session:
    try:
        return Session(connection, engine)
    except psycopg2.Error as error:
        connection.invalidate(error)
        connection.close()
        raise


class Database:
    """Where transactions begin.

    Each has `deadline` seconds, waiting for a connection included. When one misses it, the database counts as
    silent: further ones are refused at once, rather than each waiting in turn, until a probe is answered (A19).
    """

    def __init__(self, engine: Engine, *, deadline: float, spare: int = 0, kept: int = 0) -> None:
        """Take the engine's connections: so many are `spare`, no event uses them; up to `kept` never go back to it."""
        self._engine = engine
        self._deadline = deadline
        self._kept = KeptSessions(kept)
        self._lock = Lock()
        self._closed = Event()
        self.silent = False
        self.no_room_at = NEVER  # when `run` last found the disk full, of `time.monotonic`; never, once it was not
        SILENT.set(0)
        watch_pool(engine, spare, self._kept)

    def transaction(self, *, deadline: float | None = None, trial: bool = False) -> Transaction:
        """Begin a transaction, if need be with a deadline of its own; use it with `with`.

        A `trial` that misses its deadline says nothing of the database: it was in more haste than others are.
        Raises `Unavailable` when there is no connection to be had.
        """
        began = self._begin()
        due = began + (deadline or self._deadline)
        return Transaction(self._session(began), deadline=due, missed=_told_nobody if trial else self.suspect)

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """Have `work` done in a transaction, which it commits, with a session that is kept: that costs less.

        One that had been lost meanwhile, as the server was restarted, costs nobody anything: the work is begun again.
        Raises what `transaction` does.
        """
        try:
            done = self._run(work)
        except NoRoom:
            self.no_room_at = time.monotonic()
            raise
        self.no_room_at = NEVER
        return done

    def _run(self, work: Callable[[Transaction], Result]) -> Result:
        began = self._begin()
        due = began + self._deadline
        try:
            session = self._kept.take(began) or self._session(began)
            with Transaction(session, deadline=due, missed=self.suspect, keep=self._kept.put) as current:
                return work(current)
        except Gone:
            self._kept.doubt()
        with Transaction(self._session(began), deadline=due, missed=self.suspect) as current:
            return work(current)

    def suspect(self) -> None:
        """Take the database for silent until a probe is answered."""
        with self._lock:
            if not self.silent:
                # The thread first: were it not to be had, nobody would ever say that the database is back.
                Thread(target=self._probe_until_answered, name="probe", daemon=True).start()
                self.silent = True
                SILENT.set(1)
                log.error("database silent", deadline=self._deadline)

    def close(self) -> None:
        """Give back what is kept, and look no more whether the database answers again; for one that is done with."""
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
            # All connections busy for too long is load; a new one that takes as long is a server that is silent.
            busy = isinstance(error, PoolTimeoutError)
            error_count(POOL_TIMEOUT if busy else CANNOT_CONNECT).inc()
            if not busy and time.monotonic() - began > SUSPICIOUS:
                self.suspect()
            if isinstance(error, SettingsLost):
                raise
            raise Unavailable(str(getattr(error, "orig", error)).strip()) from error

    def _probe_until_answered(self) -> None:
        while not self._answers():
            if self._closed.wait(PAUSE):
                return
        # Where a network had swallowed everything, connections from before may be lost without a word; each that is
        # still in the pool would cost an event its deadline, one after the other.
        self._kept.discard()
        self._engine.dispose()
        with self._lock:
            self.silent = False
            SILENT.set(0)
        log.info("database answers again")

    def _answers(self) -> bool:
        """Open a connection past the pool: whether one that is open still works cannot be seen without waiting."""
        probe = self._engine.pool.recreate()
        try:
            probe.connect().close()
        except Exception as error:  # noqa: BLE001  # whatever it is: who stops probing is silent for ever
            log.info("probe failed", cause=str(error))
            return False
        finally:
            probe.dispose()
        return True
