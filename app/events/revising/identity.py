"""What identifies an event: its second, or its id; and which place it gets among the events of its second (A5, A49)."""

from dataclasses import replace

from app.events.domain import Decision, DuplicateEvent, DuplicateId, FullSecond, TakenSecond
from app.events.queries import EventQueries
from app.events.revising.correction_queries import CorrectionQueries
from app.rules.event import ActivityEvent
from app.rules.limits import MAX_IN_A_SECOND
from lib.transactions import Transaction


def first_decision(current: Transaction, event: ActivityEvent) -> Decision | None:
    """Return the first answer to this very event, or None when no event is stored under its identity.

    A corrected event keeps its identity, and its first answer (A52). Raises `DuplicateEvent`, `DuplicateId` or
    `CorrectedEvent` if the event stored under it is another one, and `TakenSecond`.
    """
    if event.event_id is not None and (known := _with_id(current, event, event.event_id)):
        return known
    events, corrected = EventQueries(current), CorrectionQueries(current).first_version_at(event.user_id, event.t)
    stored = corrected.first if corrected else events.decision_at(event.user_id, event.t)
    if stored is None or (event.event_id and stored.event.event_id):
        return None
    if event.event_id or stored.event.event_id:
        raise corrected.refusal() if corrected else TakenSecond(event, stored.event)
    if not event.is_retry_of(stored.event):
        raise corrected.refusal() if corrected else DuplicateEvent(event.user_id, event.t)
    return stored


def _with_id(current: Transaction, event: ActivityEvent, event_id: str) -> Decision | None:
    corrected = CorrectionQueries(current).first_version_as(event.user_id, event_id)
    known = corrected.first if corrected else EventQueries(current).decision_on(event.user_id, event_id)
    if known and not event.is_retry_of(known.event):
        raise corrected.refusal() if corrected else DuplicateId(event, known.event)
    return known


def placed(event: ActivityEvent, n: int) -> ActivityEvent:
    """Return the event at this place in its second; raises `FullSecond`."""
    if n >= MAX_IN_A_SECOND:
        raise FullSecond(event.user_id, event.t)
    return replace(event, n=n)
