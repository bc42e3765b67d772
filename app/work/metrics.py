"""The metrics of the work after the answers. They come from the database, so they also tell when no worker runs."""

import math
from collections.abc import Iterable
from functools import partial
from typing import Final

from app.work.state import WorkState, state_of_work
from lib.database import Database
from lib.metrics.kinds import Gauge
from lib.metrics.measured import Measured

DEADLINE = 0.5  # seconds of a look at the database

# Each process looks by itself, and the numbers are those of all: the latest look counts.
LATEST: Final = "livemostrecent"
OLDEST = Gauge(
    "activity_outbox_oldest_seconds",
    "Seconds that the oldest note has waited in the outbox; 0 if none waits.",
    multiprocess_mode=LATEST,
)
NOTES = Gauge("activity_outbox_notes", "Notes that wait in the outbox, at most 10,000.", multiprocess_mode=LATEST)
SEEN = Gauge(
    "activity_work_seen_seconds",
    "Seconds since a worker gave its last sign of life; +Inf if none ever did.",
    multiprocess_mode=LATEST,
)
FAILING = Gauge(
    "activity_work_failing_seconds",
    "Seconds for which a duty of a worker has failed at each turn; 0 if it does not fail.",
    ["duty"],
    multiprocess_mode=LATEST,
)
NUMBER = Gauge("activity_feed_number", "The last number of the feed of alerts.", multiprocess_mode=LATEST)


def measured_work(database: Database, duties: Iterable[str]) -> Measured[WorkState]:
    """Return the measurement that keeps these gauges up to date; `duties` are the names of those there are."""
    return Measured(partial(state_of_work, database, deadline=DEADLINE), ShownWork(duties))


class ShownWork:
    """Sets the gauges; NaN if the state is unknown: an old number would look like news."""

    def __init__(self, duties: Iterable[str]) -> None:
        self._duties = {*duties}

    def __call__(self, state: WorkState | None) -> None:
        """Show this state."""
        _show(state)
        failing = {} if state is None else {each.duty: each.seconds for each in reversed(state.troubles)}
        self._duties |= failing.keys()  # a worker of another release may have others
        for duty in self._duties:
            FAILING.labels(duty).set(math.nan if state is None else failing.get(duty, 0.0))


def _show(state: WorkState | None) -> None:
    seen = math.nan if state is None else math.inf if state.seen is None else state.seen
    OLDEST.set(math.nan if state is None else state.oldest)
    NOTES.set(math.nan if state is None else state.notes)
    SEEN.set(seen)
    NUMBER.set(math.nan if state is None else state.number)
