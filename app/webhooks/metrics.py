"""The metrics of deliveries. They come from the database, so they also tell when no worker runs."""

import math
from collections.abc import Sequence
from typing import Final

from app.webhooks.counts import DeliveryCounts, delivery_counts
from lib.database import Database
from lib.metrics.kinds import Gauge
from lib.metrics.measured import Measured

DEADLINE = 0.5  # seconds of a look at the database
LATEST: Final = "livemostrecent"  # each process looks by itself, and the numbers are those of all

DELIVERIES = Gauge(
    "activity_webhook_deliveries",
    "Deliveries of an endpoint: due, delivered in the last five minutes, dead of 30 days; at most 10,000 of each.",
    ["endpoint", "state"],
    multiprocess_mode=LATEST,
)
OLDEST = Gauge(
    "activity_webhook_oldest_due_seconds",
    "Seconds since the delivery was made that is due first; 0 if none is due.",
    ["endpoint"],
    multiprocess_mode=LATEST,
)
ENABLED = Gauge(
    "activity_webhook_enabled", "1 if the endpoint is enabled, 0 if not.", ["endpoint"], multiprocess_mode=LATEST
)


class ShownDeliveries:
    """Sets the gauges; an endpoint that is not known any more, or all if nothing is known, becomes NaN."""

    def __init__(self) -> None:
        self._endpoints: set[str] = set()

    def __call__(self, counts: Sequence[DeliveryCounts] | None) -> None:
        """Show these counts."""
        now = {each.endpoint for each in counts or ()}
        for gone in self._endpoints - now:
            _show(gone, (math.nan, math.nan, math.nan), math.nan, math.nan)
        for each in counts or ():
            numbers = each.due, each.delivered, each.dead
            _show(each.endpoint, numbers, each.oldest_due, float(each.state == "enabled"))
        self._endpoints |= now


def _show(endpoint: str, numbers: tuple[float, float, float], oldest: float, enabled: float) -> None:
    for state, number in zip(("due", "delivered", "dead"), numbers, strict=True):
        DELIVERIES.labels(endpoint, state).set(number)
    OLDEST.labels(endpoint).set(oldest)
    ENABLED.labels(endpoint).set(enabled)


def measured_deliveries(database: Database) -> Measured[list[DeliveryCounts]]:
    """Return the measurement that keeps these gauges up to date."""

    def read() -> list[DeliveryCounts]:
        with database.transaction(deadline=DEADLINE, trial=True) as current:
            counts = delivery_counts(current)
            current.rollback()
        return counts

    return Measured(read, ShownDeliveries())
