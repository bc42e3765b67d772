"""The metric of backtests that people asked for. It comes from the database, so it also tells when no worker runs."""

import math
from functools import partial
from typing import Final

from app.backtest.jobs.queries import JobQueries
from lib.database import Database
from lib.metrics.kinds import Gauge
from lib.metrics.measured import Measured

DEADLINE = 0.5  # seconds of a look at the database
LATEST: Final = "livemostrecent"  # each process looks by itself, and the number is that of all

STUCK = Gauge(
    "activity_backtest_stuck_seconds",
    "Seconds since the backtest under way gave a sign of life, or for which one has waited while none is under way.",
    multiprocess_mode=LATEST,
)


def measured_backtests(database: Database) -> Measured[float]:
    """Return the measurement that keeps this gauge up to date."""
    return Measured(partial(stuck_seconds, database), show)


def stuck_seconds(database: Database) -> float:
    """Return for how long no backtest goes on although one should; 0 if none is to be run."""
    with database.transaction(deadline=DEADLINE, trial=True) as current:
        seconds = JobQueries(current).stuck_seconds()
        current.rollback()
    return seconds


def show(seconds: float | None) -> None:
    """Set the gauge; NaN if nothing is known: an old number would look like news."""
    STUCK.set(math.nan if seconds is None else seconds)
