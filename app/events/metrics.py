"""What is counted of events: those stored, those replayed, the codes that they raised."""

from collections.abc import Iterable
from functools import cache

from app.events.domain import Decision, EventType
from lib.metrics.kinds import Counter
from lib.metrics.numbers import Number, number

STORED = Counter("activity_events_stored", "Events stored, by type.", ["type"])
REPLAYS = Counter("activity_event_replays", "Events sent again, and answered as the first time.")
RAISED = Counter("activity_alert_codes_raised", "Alert codes raised by stored events, by code.", ["code"])

raised = cache(RAISED.labels)


def show_from_zero(codes: Iterable[int]) -> None:
    """Show codes that were never raised so far: the first is a rise only for who saw the zero before it."""
    for code in codes:
        raised(code)


def _stored_of(kind: EventType) -> Number:
    STORED.labels(kind.value)
    return number("activity_events_stored_total", kind.value)


stored = {kind: _stored_of(kind) for kind in EventType}


def count(decision: Decision) -> None:
    """Count an event once: sent again, it is a replay and raises nothing anew."""
    if decision.replayed:
        REPLAYS.inc()
        return
    stored[decision.event.type].inc(1)
    for code in decision.alert_codes:
        raised(code).inc()
