"""The use cases of events. Each opens one transaction, queries, decides, records."""

from collections.abc import Iterator
from time import thread_time, time
from typing import NoReturn

from app.alerts.outbox import Outbox
from app.alerts.queries import AlertQueries
from app.events import metrics
from app.events.domain import (
    Decision,
    DuplicateEvent,
    EventOrder,
    InTheFuture,
    OutOfOrder,
    UnknownUser,
)
from app.events.history_query import Claim, history_queries
from app.events.policy import EventPolicy
from app.events.queries import SYSTEM, EventQueries
from app.events.recording import Record
from app.events.revising.identity import first_decision, placed
from app.events.revising.late import LateEvents, keep_late_event
from app.events.revising.queries import RevisingQueries
from app.events.services import EventServices
from app.players.queries import PlayerQueries
from app.rules.engine import Evaluator, Verdict
from app.rules.event import ActivityEvent
from lib.transactions import Transaction


def record_event(
    services: EventServices, evaluator: Evaluator, event: ActivityEvent, key_id: int | None = None
) -> Decision:
    """Evaluate an event and store it durably with its decision; a known event keeps its first decision.

    `key_id` identifies the key that sent it, if keys are required.

    Raises `EventRefused`, after which no trace is left, and `Unavailable`, after which the client sends the event
    again.
    """
    policy = services.policy
    if policy.order is EventOrder.SYSTEM:
        services.system_clock.start()
    return services.database.run(lambda current: _evaluate_and_store(current, services, evaluator, event, key_id))


def _evaluate_and_store(
    current: Transaction, services: EventServices, evaluator: Evaluator, event: ActivityEvent, key_id: int | None
) -> Decision:
    events, policy = EventQueries(current), services.policy
    if policy.registered_users_only and not PlayerQueries(current).is_registered(event.user_id):
        return first_decision(current, event) or _refuse_unknown(event)
    if policy.t_ahead is not None and event.t > (now := int(time())) + policy.t_ahead:
        return first_decision(current, event) or _refuse_future(event, now, policy.t_ahead)
    claim = _claim_moment(events, policy, evaluator, event)
    if claim is None:
        return _without_claim(current, services, evaluator, event, key_id)
    n = claim.n
    if claim.corrections:
        if known := first_decision(current, event):
            current.rollback()
            return known
        n = RevisingQueries(current).next_place(event)
    if n:
        event = placed(event, n)
    verdicts = evaluator.evaluate(event, claim.history)
    live, matches = next(verdicts)
    codes = tuple([match.code for match in matches]) if matches else ()
    decision = Decision(event=event, alert_codes=codes, edition=live.edition)
    events.store(decision, claim.seq, key_id, claim.groups_version)
    if claim.lags:
        events.write_totals(event, claim.lags)
    if matches or len(evaluator.rule_sets) > 1:
        record = Record(events, AlertQueries(current), event)
        keep_raised(current, record, event, (live, matches))
        if len(evaluator.rule_sets) > 1:
            keep_shadow(record, verdicts)
    current.commit()
    return decision


def keep_raised(current: Transaction, record: Record, event: ActivityEvent, verdict: Verdict) -> None:
    """Keep the alerts of the live edition, and note in the outbox that there are some."""
    live, matches = verdict
    record.keep(live, matches)
    if matches:
        Outbox(current).note_raised((event.user_id, event.t, event.n))


def _without_claim(
    current: Transaction, services: EventServices, evaluator: Evaluator, event: ActivityEvent, key_id: int | None
) -> Decision:
    """Return the answer to an event that is not the player's next one: its first answer, or that of a late event."""
    events, policy = EventQueries(current), services.policy
    if known := first_decision(current, event):
        current.rollback()  # one with an id may have been given a place before it was found stored
        return known
    if policy.late_horizon is None:
        _refuse_late(events, policy.order, event)
    late = LateEvents(book=services.editions, horizon=policy.late_horizon)
    decision, changes = keep_late_event(current, late, evaluator, event, key_id)
    current.commit()
    metrics.count_revisions(changes)
    return decision


def keep_shadow(record: Record, verdicts: Iterator[Verdict]) -> None:
    """Evaluate the shadow edition and keep its alerts; count the CPU time that this takes."""
    began = thread_time()
    for rule_set, matches in verdicts:
        record.keep(rule_set, matches)
    metrics.count_shadow_time(thread_time() - began)


def try_event(policy: EventPolicy, current: Transaction) -> None:
    """Queue what every event does in the database, in a transaction that will be rolled back."""
    if policy.registered_users_only:
        PlayerQueries(current).try_to_find()
    events = EventQueries(current)
    events.try_to_store()
    AlertQueries(current).try_to_keep()
    Outbox(current).try_to_note()
    if policy.order is EventOrder.SYSTEM:
        events.lock_system()  # last: others wait for it


def _claim_moment(
    events: EventQueries, policy: EventPolicy, evaluator: Evaluator, event: ActivityEvent
) -> Claim | None:
    """Claim the moment on every clock that the order requires, the shared one first so that no deadlock can arise."""
    if policy.order is EventOrder.SYSTEM and not _claim_of_system(events, event):
        return None
    return events.claim_next_moment(event, history_queries(evaluator)[event.type])


def _claim_of_system(events: EventQueries, event: ActivityEvent) -> bool:
    """Claim the system's next moment; with an id, its latest will do where the player's own event came last (A49)."""
    if events.claim_system_moment(event.t):
        return True
    return event.event_id is not None and event.t == events.latest_moment(SYSTEM) == events.latest_moment(event.user_id)


def _refuse_unknown(event: ActivityEvent) -> NoReturn:
    # A11
    raise UnknownUser(event.user_id)


def _refuse_future(event: ActivityEvent, now: int, allowed: int) -> NoReturn:
    # A31
    raise InTheFuture(event.t, now=now, allowed=allowed)


def _refuse_late(events: EventQueries, order: EventOrder, event: ActivityEvent) -> NoReturn:
    """Refuse an event that is neither the next one nor stored already."""
    if order is EventOrder.USER:
        latest = events.latest_moment(event.user_id)
        raise OutOfOrder(event.user_id, event.t, latest)
    latest = max(events.latest_moment(SYSTEM), events.latest_moment(event.user_id))
    if event.t == latest:
        raise DuplicateEvent(event.user_id, latest, order)
    raise OutOfOrder(event.user_id, event.t, latest, order)
