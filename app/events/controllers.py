"""The use cases of events. Each opens one transaction, asks, decides, records."""

from collections.abc import Iterable
from time import thread_time
from typing import NoReturn

from app.alerts.domain import MOST_MOMENTS, Evidence, StoredAlert
from app.alerts.queries import AlertQueries
from app.events.domain import (
    ActivityEvent,
    Decision,
    DuplicateEvent,
    EventOrder,
    OutOfOrder,
    UnknownUser,
    Window,
)
from app.events.judges import Judge, RuleSet
from app.events.policy import EventPolicy
from app.events.queries import SYSTEM, Claim, EventQueries
from app.events.rules import Alert, Proof
from app.events.services import EventServices
from app.players.queries import UserQueries
from lib.transactions import Transaction


def record_event(services: EventServices, judge: Judge, event: ActivityEvent, key_id: int | None = None) -> Decision:
    """Judge an event and store it with its decision, durably; an event known already keeps its first decision.

    `key_id` is that of the key that sent it, where one was asked for.

    Raises `UnknownUser`, `OutOfOrder` or `DuplicateEvent`, which leave no trace, and `Unavailable`, after which
    the client sends the event again.
    """
    policy = services.policy
    if policy.order is EventOrder.SYSTEM:
        services.system_clock.start()
    return services.database.run(lambda current: _judge_and_store(current, policy, judge, event, key_id))


def _judge_and_store(
    current: Transaction, policy: EventPolicy, judge: Judge, event: ActivityEvent, key_id: int | None
) -> Decision:
    events = EventQueries(current)
    if policy.registered_users_only and not UserQueries(current).is_registered(event.user_id):
        return _first_decision(events, event) or _refuse_unknown(event)
    claim = _claim_moment(events, policy, judge, event)
    if claim is None:
        return _first_decision(events, event) or _refuse_late(events, policy.order, event)
    live, *beside = judge.rule_sets
    answered = live.judge(event, claim.history)
    codes = tuple(alert.code for alert in answered)
    decision = Decision(event=event, alert_codes=codes, edition=live.edition)
    events.store(decision, claim.seq, key_id)
    record = Record(events, AlertQueries(current), event)
    record.keep(live, answered)
    if beside:
        began = thread_time()
        for rule_set in beside:
            record.keep(rule_set, rule_set.judge(event, claim.history))
        judge.spent(thread_time() - began)
    current.commit()
    return decision


class Record:
    """Keeps the alerts of one event; the events of a window are looked up once, however many rules name them."""

    __slots__ = ("_alerts", "_event", "_events", "_moments")

    def __init__(self, events: EventQueries, alerts: AlertQueries, event: ActivityEvent) -> None:
        self._events, self._alerts, self._event = events, alerts, event
        self._moments: dict[tuple[Window, int], list[int]] = {}

    def keep(self, rule_set: RuleSet, alerts: Iterable[Alert]) -> None:
        """Keep the alerts of an edition."""
        for alert in alerts:
            self._alerts.keep(_stored(self._event, rule_set, alert, self._evidence(alert.proof)))

    def _evidence(self, proof: Proof) -> Evidence:
        """Write down what proves an alert; the events of a long window are looked up only now that they matter."""
        moments = [each.t for each in proof.events[:MOST_MOMENTS]]
        if proof.window:
            moments += self._moments_in(proof.window, MOST_MOMENTS - len(moments))
        return Evidence(
            value=proof.value, limit=proof.limit, count=proof.count, moments=tuple(moments), sentence=proof.sentence
        )

    def _moments_in(self, window: Window, most: int) -> list[int]:
        asked = window, most
        if asked not in self._moments:
            self._moments[asked] = self._events.moments_in(self._event.user_id, window, self._event.t, most)
        return self._moments[asked]


def _stored(event: ActivityEvent, rule_set: RuleSet, alert: Alert, evidence: Evidence) -> StoredAlert:
    return StoredAlert(
        user_id=event.user_id,
        t=event.t,
        code=alert.code,
        edition=rule_set.edition,
        shadow=rule_set.shadow,
        evidence=evidence,
    )


def try_event(policy: EventPolicy, current: Transaction) -> None:
    """Queue what every event needs of the database, for a transaction that will be rolled back."""
    events = EventQueries(current)
    events.try_to_store()
    AlertQueries(current).try_to_keep()
    if policy.order is EventOrder.SYSTEM:
        events.lock_system()  # last: others wait for it


def _claim_moment(events: EventQueries, policy: EventPolicy, judge: Judge, event: ActivityEvent) -> Claim | None:
    """Claim the moment on every clock that the order asks for, the shared one first so that nobody waits in a ring."""
    if policy.order is EventOrder.SYSTEM and not events.claim_system_moment(event.t):
        return None
    return events.claim_next_moment(event, judge.questions[event.type])


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
