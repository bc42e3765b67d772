"""What is asked about customers."""

from dataclasses import dataclass

from app.alerts.domain import AlertQuery
from app.customers.domain import Tab
from app.customers.ranges import Range
from app.events.reading.domain import PageQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerQuery:
    """Which customer, what the picture shows, and what the list below.

    Without `shown`, the picture shows 30 days, or all of the time if they are empty. `zone` is the reader's, whose
    hours and days the picture has. `alerts` and `events` say which page of the tab's list.
    """

    user_id: int
    tab: Tab = Tab.ALERTS
    shown: Range | None = None
    zone: str = "UTC"
    alerts: AlertQuery | None = None
    events: PageQuery | None = None
