"""The metrics of attaching alerts to cases. They come from the database, so they also tell when no worker runs."""

import math
from typing import Final

from app.cases.alert_queries import AlertQueries
from lib.database import Database
from lib.metrics.kinds import Gauge
from lib.metrics.measured import Measured

DEADLINE = 0.5  # seconds of a look at the database
LATEST: Final = "livemostrecent"  # each process looks by itself, and the numbers are those of all

OLDEST = Gauge(
    "activity_cases_oldest_unattached_seconds",
    "Seconds that the oldest alert of the feed has waited to be attached to a case; 0 if none waits.",
    multiprocess_mode=LATEST,
)
WAITING = Gauge(
    "activity_cases_unattached_alerts",
    "Alerts of the feed that wait to be attached to cases.",
    multiprocess_mode=LATEST,
)

Lag = tuple[int, float]  # how many wait, and for how many seconds the oldest


def measured_cases(database: Database) -> Measured[Lag]:
    """Return the measurement that keeps these gauges up to date."""

    def read() -> Lag:
        with database.transaction(deadline=DEADLINE, trial=True) as current:
            waiting, oldest, *_ = AlertQueries(current).state()
            current.rollback()
        return waiting, oldest

    return Measured(read, show)


def show(lag: Lag | None) -> None:
    """Set the gauges; NaN if nothing is known: an old number would look like news."""
    waiting, oldest = lag or (math.nan, math.nan)
    WAITING.set(waiting)
    OLDEST.set(oldest)
