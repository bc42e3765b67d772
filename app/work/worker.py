"""Runs duties, each in a thread of its own, until the process is told to stop."""

import time
from collections.abc import Iterable
from threading import Event, Thread

from app.work.services import Duty
from app.work.troubles import Trouble
from lib.database_errors import Unavailable
from lib.logs import get_logger

AFTER_A_FAILURE, MOST_AFTER_A_FAILURE = 1.0, 10.0  # seconds until the next turn, whatever the duty's pause is
GRACE = 20.0  # seconds that turns under way may take to end

log = get_logger()


class Turns:
    """The turns of one duty."""

    def __init__(self, duty: Duty, stopped: Event) -> None:
        self._duty, self._stopped = duty, stopped
        self._began_at = time.monotonic()
        self._failing_since: float | None = None
        self._cause = ""
        self.thread = Thread(target=self._run, name=duty.name, daemon=True)

    def is_stuck(self) -> bool:
        """Whether the present turn takes too long, or the thread has ended early."""
        if not self.thread.is_alive():
            return not self._stopped.is_set()
        return time.monotonic() - self._began_at > self._duty.patience

    def give_up(self) -> None:
        """Have a turn under way end early, if this duty can."""
        try:
            self._duty.at_stop()
        except Exception as error:  # noqa: BLE001  # the process ends either way
            self._log_failure(error)

    def trouble(self) -> Trouble | None:
        """Return since when this duty fails, and why; None if it does not."""
        since, cause = self._failing_since, self._cause
        if self.is_stuck():
            cause = "its turn does not end" if self.thread.is_alive() else "its thread has ended"
            since = self._began_at if since is None else since
        return None if since is None else Trouble(duty=self._duty.name, seconds=time.monotonic() - since, cause=cause)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._began_at = time.monotonic()
            if not self._do():
                self._stopped.wait(self._pause())
        try:
            self._duty.at_end()
        except Exception as error:  # noqa: BLE001  # the process ends either way
            self._log_failure(error)

    def _pause(self) -> float:
        if self._failing_since is None:
            return self._duty.pause
        return min(max(self._duty.pause, AFTER_A_FAILURE), MOST_AFTER_A_FAILURE)

    def _do(self) -> bool:
        """Do one turn and return whether there may be more at once; a failure is logged once, until it is over."""
        try:
            more = self._duty.errand.run_once()
        except Exception as error:  # noqa: BLE001  # whatever it is: without this thread the duty would never be done again
            self._cause = _cause(error)
            if self._failing_since is None:
                self._log_failure(error)
                self._failing_since = time.monotonic()
            return False
        if self._failing_since is not None:
            log.info("worker goes on", duty=self._duty.name)
        self._failing_since = None
        return more

    def _log_failure(self, error: Exception) -> None:
        if isinstance(error, Unavailable):
            log.warning("worker waits for the database", duty=self._duty.name, cause=str(error))
        else:
            log.error("worker disturbed", duty=self._duty.name, exc_info=error)


def _cause(error: Exception) -> str:
    # What else an error says may be somebody's data: the log has it, and fewer may read that.
    told = str(error) if isinstance(error, Unavailable) else f"{type(error).__name__}, which the worker's log shows"
    return " ".join(told.split())


class Worker:
    """All duties of this process."""

    def __init__(self, duties: Iterable[Duty]) -> None:
        self._stopped = Event()
        self._all: list[Turns] = []
        self.add(*duties)

    def add(self, *duties: Duty) -> None:
        """Add duties, before the start."""
        self._all += [Turns(duty, self._stopped) for duty in duties]

    def start(self) -> None:
        """Begin; return at once."""
        for turns in self._all:
            turns.thread.start()

    def works(self) -> bool:
        """Whether no duty is stuck."""
        return not any(turns.is_stuck() for turns in self._all)

    def troubles(self) -> list[Trouble]:
        """Return which duties fail, and since when."""
        return [trouble for turns in self._all if (trouble := turns.trouble())]

    def stop(self) -> None:
        """Begin no more turns, and wait for those under way, within `GRACE`."""
        self._stopped.set()
        for turns in self._all:
            turns.give_up()
        until = time.monotonic() + GRACE
        for turns in self._all:
            turns.thread.join(max(0.0, until - time.monotonic()))
