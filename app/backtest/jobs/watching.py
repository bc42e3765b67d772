"""What goes on beside a backtest: signs of life with its progress, and its end if it is cancelled or takes too long."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import Any

from app.backtest.controllers import SPAN
from app.backtest.jobs.domain import BEAT, MAX_RUN, SILENT_AFTER, Claim
from app.backtest.jobs.queries import JobQueries
from app.backtest.services import BacktestServices
from lib.database_errors import Unavailable
from lib.workers import Begin, Context, Given, WorkerPool, Workers

NICE = 10  # how far the process stands back behind those that answer
CANCELLED, TOO_LONG, LOST, STOPPED = "cancelled", "too long", "lost", "stopped"


@contextmanager
def begin_nicely(begin: Begin[Given, Context], given: Given) -> Iterator[Context]:
    """Begin in a process that leaves the processor to those that answer."""
    os.nice(NICE)
    with begin(given) as context:
        yield context


@dataclass(slots=True, kw_only=True)
class Bounds:
    """How long an attempt may take, in seconds, and after how many a sign of life is due; tests have shorter ones."""

    run: float = MAX_RUN.total_seconds()
    beat: float = BEAT
    silent: float = SILENT_AFTER.total_seconds()
    span: int = SPAN


@dataclass(slots=True)
class Watch:
    """A thread beside a run: leaves signs of life, and kills the run's process if it must end early."""

    services: BacktestServices
    claim: Claim
    bounds: Bounds
    reason: str = ""  # why the run has to end early
    _events: int = 0
    _judged: int = 0
    _pool: Workers[Any, Any] | None = None
    _over: Event = field(default_factory=Event)
    _began: float = field(default_factory=time.monotonic)
    _heard: float = field(default_factory=time.monotonic)

    def progress(self, events: int, judged: int) -> None:
        """Note how far the run is."""
        self._events = events
        self._judged += judged

    def open_pool(
        self, begin: Begin[Given, Context], given: Given, count: int
    ) -> AbstractContextManager[WorkerPool[Context]]:
        """Start the process of the run."""
        pool: Workers[Given, Context] = Workers(partial(begin_nicely, begin), given, count)
        self._pool = pool
        return pool

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the end of the block."""
        thread = Thread(target=self._watch, name="backtest watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def stop(self, reason: str) -> None:
        """End the run early."""
        self.reason = self.reason or reason
        self._kill()

    def _kill(self) -> None:
        if self._pool is not None:
            self._pool.kill()

    def _watch(self) -> None:
        while not self._over.wait(self.bounds.beat):
            if reason := self.reason or self._why_to_end():
                self.stop(reason)

    def _why_to_end(self) -> str:
        try:
            with self.services.database.transaction(trial=True) as current:
                cancelled_by = JobQueries(current).beat(self.claim, self._events, self._judged)
                current.commit()
        except Unavailable:
            return LOST if time.monotonic() - self._heard > self.bounds.silent else ""
        self._heard = time.monotonic()
        if cancelled_by is None:
            return LOST
        if cancelled_by:
            return CANCELLED
        return TOO_LONG if time.monotonic() - self._began > self.bounds.run else ""
