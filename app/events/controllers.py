"""The use cases of events. Each opens one transaction, asks, decides, records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from app.config import Settings
from app.events.domain import (
    ActivityEvent,
    Decision,
    DuplicateEvent,
    EventOrder,
    EventType,
    History,
    OutOfOrder,
    UnknownUser,
)
from app.events.queries import SYSTEM, EventQueries, HistoryQuestion
from app.events.rules import RULES, Rule, evaluate, needs_of
from app.users.queries import UserQueries
from lib.database import Database

LONGEST_CLOCK_START = 60  # seconds; it looks at every user's clock, once


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """By what events are taken and judged: put together once, when the application is made."""

    rules: Sequence[Rule]
    questions: Mapping[EventType, HistoryQuestion]
    order: EventOrder
    registered_users_only: bool

    @classmethod
    def of(cls, settings: Settings, rules: Sequence[Rule] = RULES) -> "EventPolicy":
        """Make the policy of the settings; what history to read follows from the rules."""
        return cls(
            rules=rules,
            questions={kind: HistoryQuestion(f"history_of_{kind}", needs_of(rules, kind)) for kind in EventType},
            order=settings.event_order,
            registered_users_only=settings.registered_users_only,
        )


def record_event(database: Database, policy: EventPolicy, event: ActivityEvent) -> Decision:
    """Judge an event and store it with its decision, durably; an event known already keeps its first decision.

    Raises `UnknownUser`, `OutOfOrder` or `DuplicateEvent`, which leave no trace, and `Unavailable`, after which
    the client sends the event again.
    """
    if policy.order is EventOrder.SYSTEM:
        start_system_clock(database)
    with database.transaction() as current:
        events = EventQueries(current)
        if policy.registered_users_only and not UserQueries(current).is_registered(event.user_id):
            return _first_decision(events, event) or _refuse_unknown(event)
        history = _claim_moment(events, policy, event)
        if history is None:
            return _first_decision(events, event) or _refuse_late(events, policy.order, event)
        alerts = evaluate(policy.rules, event, history)
        decision = Decision(event=event, alert_codes=tuple(alert.code for alert in alerts))
        events.store(decision)
        current.commit()
    return decision


@cache
def start_system_clock(database: Database) -> None:
    """Let the system's clock stand at the greatest `t` stored; once a process, since the order may be new (A7)."""
    with database.transaction(deadline=LONGEST_CLOCK_START) as current:
        EventQueries(current).start_system_clock()
        current.commit()


def _claim_moment(events: EventQueries, policy: EventPolicy, event: ActivityEvent) -> History | None:
    """Claim the moment on every clock that the order asks for, the shared one first so that nobody waits in a ring."""
    if policy.order is EventOrder.SYSTEM and not events.claim_system_moment(event.t):
        return None
    return events.claim_next_moment(event, policy.questions[event.type])


def _first_decision(events: EventQueries, event: ActivityEvent) -> Decision | None:
    """Return what was answered when this very event was stored, or None when nothing stands at its moment (A5)."""
    stored = events.decision_at(event.user_id, event.t)
    if stored and not stored.event.says_the_same_as(event):
        raise DuplicateEvent(
            f"another event of user {event.user_id} stands at t {event.t}; send a correction as an event of its own"
        )
    return stored


def _refuse_unknown(event: ActivityEvent) -> NoReturn:
    # A11
    raise UnknownUser(f"user {event.user_id} is not in the register; register the user, then send the event again")


def _refuse_late(events: EventQueries, order: EventOrder, event: ActivityEvent) -> NoReturn:
    """Refuse an event whose moment no stored event has and which is not the next one."""
    if order is EventOrder.USER:
        latest = events.latest_moment(event.user_id)
        raise OutOfOrder(f"t {event.t} is not above {latest}, the latest of user {event.user_id}")
    latest = max(events.latest_moment(SYSTEM), events.latest_moment(event.user_id))
    if event.t == latest:
        raise DuplicateEvent(f"another user's event stands at t {latest}, and t must rise over all users")
    raise OutOfOrder(f"t {event.t} is below {latest}, the latest of the system; t must rise over all users")
