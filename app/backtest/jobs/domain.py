"""A backtest that somebody asked for, as a plain value, and what bounds it (A83)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_RUN = timedelta(minutes=30)  # of one attempt
SILENT_AFTER = timedelta(seconds=30)  # without a sign of life a worker no longer has the job
BEAT = 2.0  # seconds between two signs of life
MAX_ATTEMPTS = 3  # a job whose worker was killed in the middle begins anew
MAX_WAITING = 5
KEPT = 50  # jobs that have ended, the latest
KEPT_FOR = timedelta(days=30)
MAX_REPORT = 1024 * 1024  # bytes of a report as JSON
MAX_DETAILS = 15_000  # counts by period and code that a report keeps; without them it has no chart of each code
DAYS = (7, 30, 90)


class State(StrEnum):
    """What a job can be."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be judged: an edition, perhaps against another, on the events of the last `days` (None: all)."""

    edition: int
    against: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A backtest that somebody asked for; `judged` of `events` so far, `summary` says in a sentence what it found."""

    id: int
    asked: Asked
    asked_by: str
    asked_at: datetime
    state: State
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None
    events: int
    judged: int
    cancelled_by: str | None
    cause: str
    summary: str

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in {State.WAITING, State.RUNNING}

    @property
    def percent(self) -> int:
        """How much of it is judged."""
        return min(100 * self.judged // self.events, 100) if self.events else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that this worker has: nobody else may write to it while `worker` and `attempt` are those in its row."""

    job_id: int
    asked: Asked
    worker: str
    attempt: int


class JobRefused(Exception):
    """A step with a backtest is refused; the text says why and what to do."""


class NoSuchJob(JobRefused):
    """There is no such backtest, or not any more."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no backtest {job_id}; the last {KEPT} are kept, for {KEPT_FOR.days} days")


class TooManyJobs(JobRefused):
    """So many wait that one more would not be run soon."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_WAITING} backtests wait already, and one runs at a time: cancel one, or wait")


class HasEnded(JobRefused):
    """A backtest that has ended cannot be cancelled."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"backtest {job_id} has ended")
