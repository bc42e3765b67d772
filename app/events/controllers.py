"""The use cases of events. Each opens one transaction, queries, decides, records."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from time import thread_time, time
from typing import NoReturn, Protocol

from app.alerts.domain import Evidence, StoredAlert
from app.alerts.queries import AlertQueries
from app.events import metrics
from app.events.domain import (
    Decision,
    DuplicateEvent,
    DuplicateId,
    EventOrder,
    FullSecond,
    InTheFuture,
    OutOfOrder,
    TakenSecond,
    UnknownUser,
)
from app.events.history_query import Claim, history_queries
from app.events.policy import EventPolicy
from app.events.queries import SYSTEM, EventQueries
from app.events.services import EventServices
from app.players.queries import PlayerQueries
from app.rules.engine import Evaluator, RuleSet, Verdict
from app.rules.event import ActivityEvent, EventRef
from app.rules.history import Window
from app.rules.limits import MAX_IN_A_SECOND
from app.rules.rule import Match
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
    return services.database.run(lambda current: _evaluate_and_store(current, policy, evaluator, event, key_id))


def _evaluate_and_store(
    current: Transaction, policy: EventPolicy, evaluator: Evaluator, event: ActivityEvent, key_id: int | None
) -> Decision:
    events = EventQueries(current)
    if policy.registered_users_only and not PlayerQueries(current).is_registered(event.user_id):
        return _first_decision(events, event) or _refuse_unknown(event)
    if policy.t_ahead is not None and event.t > (now := int(time())) + policy.t_ahead:
        return _first_decision(events, event) or _refuse_future(event, now, policy.t_ahead)
    claim = _claim_moment(events, policy, evaluator, event)
    if claim is None:
        decision = _first_decision(events, event) or _refuse_late(events, policy.order, event)
        current.rollback()  # one with an id may have been given a place before it was found stored
        return decision
    if claim.n:
        event = _placed(event, claim.n)
    verdicts = evaluator.evaluate(event, claim.history)
    live, matches = next(verdicts)
    codes = tuple([match.code for match in matches]) if matches else ()
    decision = Decision(event=event, alert_codes=codes, edition=live.edition)
    events.store(decision, claim.seq, key_id)
    if matches or len(evaluator.rule_sets) > 1:
        record = Record(events, AlertQueries(current), event)
        record.keep(live, matches)
        if len(evaluator.rule_sets) > 1:
            keep_shadow(record, verdicts)
    current.commit()
    return decision


class AlertKeeper(Protocol):
    """What stores alerts: the queries of alerts, or whoever collects them for one statement."""

    def keep(self, alert: StoredAlert) -> None:
        """Store an alert."""


def keep_shadow(record: "Record", verdicts: Iterator[Verdict]) -> None:
    """Evaluate the shadow edition and keep its alerts; count the CPU time that this takes."""
    began = thread_time()
    for rule_set, matches in verdicts:
        record.keep(rule_set, matches)
    metrics.count_shadow_time(thread_time() - began)


class Record:
    """Stores the alerts of one event; the events of a window are looked up once, however many rules name them."""

    __slots__ = ("_alerts", "_event", "_events", "_last_in")

    def __init__(self, events: EventQueries, alerts: AlertKeeper, event: ActivityEvent) -> None:
        self._events, self._alerts, self._event = events, alerts, event
        self._last_in: dict[tuple[Window, int], list[EventRef]] = {}

    def keep(self, rule_set: RuleSet, matches: Iterable[Match]) -> None:
        """Store the alerts of an edition."""
        for match in matches:
            self._alerts.keep(_stored(self._event, rule_set, match, self._evidence(match)))

    def _evidence(self, match: Match) -> Evidence:
        """Return what proves an alert; only now are the events of a long window looked up."""
        most = match.most_named
        refs = [each.ref for each in match.events[:most]]
        if match.window:
            refs += self._before(match.window, most - len(refs))
        return Evidence(
            value=match.value,
            threshold=match.threshold,
            count=match.count,
            events=tuple(refs),
            sentence=match.sentence,
        )

    def _before(self, window: Window, most: int) -> list[EventRef]:
        key = window, most
        if key not in self._last_in:
            self._last_in[key] = self._events.last_in(self._event, window, most)
        return self._last_in[key]


def _stored(event: ActivityEvent, rule_set: RuleSet, match: Match, evidence: Evidence) -> StoredAlert:
    return StoredAlert(
        user_id=event.user_id,
        t=event.t,
        n=event.n,
        event_id=event.event_id,
        code=match.code,
        edition=rule_set.edition,
        shadow=rule_set.shadow,
        evidence=evidence,
    )


def try_event(policy: EventPolicy, current: Transaction) -> None:
    """Queue what every event does in the database, in a transaction that will be rolled back."""
    if policy.registered_users_only:
        PlayerQueries(current).try_to_find()
    events = EventQueries(current)
    events.try_to_store()
    AlertQueries(current).try_to_keep()
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


def _first_decision(events: EventQueries, event: ActivityEvent) -> Decision | None:
    """Return the first answer to this very event, or None when no event is stored under its identity (A5, A49)."""
    if event.event_id is not None and (known := events.decision_on(event.user_id, event.event_id)):
        if not event.is_retry_of(known.event):
            raise DuplicateId(event, known.event)
        return known
    stored = events.decision_at(event.user_id, event.t)
    if stored is None or (event.event_id and stored.event.event_id):
        return None
    if event.event_id or stored.event.event_id:
        raise TakenSecond(event, stored.event)
    if not event.is_retry_of(stored.event):
        raise DuplicateEvent(event.user_id, event.t)
    return stored


def _placed(event: ActivityEvent, n: int) -> ActivityEvent:
    """Return the event at its place in its second; raises `FullSecond`."""
    if n >= MAX_IN_A_SECOND:
        raise FullSecond(event.user_id, event.t)
    return replace(event, n=n)


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
