"""Decides many events in one transaction, as they would be decided one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from time import time

from app.alerts.domain import StoredAlert
from app.alerts.outbox import Outbox
from app.alerts.queries import AlertQueries
from app.events import running_totals
from app.events.batch.domain import by_player, plain, rise
from app.events.batch.queries import BatchQueries, HistoriesQuery, histories_query
from app.events.controllers import keep_shadow
from app.events.domain import Decision, EventOrder
from app.events.history_query import CLOCK, Claim, Row, read_claim
from app.events.policy import EventPolicy
from app.events.queries import SYSTEM, EventQueries
from app.events.recording import Record
from app.players.queries import PlayerQueries
from app.rules.engine import Evaluator
from app.rules.event import ActivityEvent
from app.rules.history import History
from app.rules.limits import MAX_IN_A_SECOND
from app.rules.running_history import RunningHistory
from lib.transactions import Transaction

Players = Mapping[int, Sequence[ActivityEvent]]
Raised = set[tuple[bool, int]]  # the codes of an event, each with whether it is one of the shadow

MAX_COUNTED = 50_000  # events that a batch adds to running totals, whose players stay locked meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The decisions that were stored, by player; nothing was stored if any player's claim `must_not_stand`."""

    decisions: Mapping[int, Sequence[Decision]]
    must_not_stand: frozenset[int] = frozenset()


NOTHING = Outcome(decisions={})


class CollectedAlerts:
    """Alerts of one player's events after the other's, to be stored in one statement.

    Which of a player's first event are fresh is not known here: that depends on what is stored (A58).
    """

    def __init__(self) -> None:
        self.alerts: list[StoredAlert] = []
        self._before: Raised | None = None
        self._present: Raised | None = None

    def begin_player(self) -> None:
        """Begin with another player."""
        self._present = None

    def begin_event(self) -> None:
        """Go on to the player's next event."""
        self._before, self._present = self._present, set()

    def keep(self, alert: StoredAlert) -> None:
        """Store an alert of the present event, later."""
        code = alert.shadow, alert.code
        fresh = None if self._before is None else code not in self._before
        self.alerts.append(replace(alert, fresh=fresh))
        if self._present is not None:
            self._present.add(code)


def plain_players(policy: EventPolicy, events: Sequence[ActivityEvent]) -> Players:
    """Return those of the events, by player, that the policy lets be decided together; the claim has the last word."""
    if policy.order is EventOrder.SYSTEM and not rise(events):
        return {}
    events_of = by_player(events)
    latest_t = float("inf") if policy.t_ahead is None else int(time()) + policy.t_ahead
    found = plain(events_of, latest_t)
    return {} if policy.order is EventOrder.SYSTEM and len(found) < len(events_of) else found


def decide_together(
    current: Transaction, policy: EventPolicy, evaluator: Evaluator, players: Players, key_id: int | None
) -> Outcome:
    """Claim, decide and store the events of players by ascending id, but not those whose claim is not granted."""
    return Together(current, policy, evaluator, key_id).decide(players)


def first_decisions(current: Transaction, events: Sequence[ActivityEvent]) -> dict[ActivityEvent, Decision]:
    """Return the first decision on each of the events that is stored as it was sent; the others are left out."""
    known = BatchQueries(current).decisions_on(events)
    found = {event: known.get((event.user_id, event.event_id or event.t)) for event in events}
    return {event: first for event, first in found.items() if first and event.is_retry_of(first.event)}


class Together:
    """One transaction for many events."""

    def __init__(self, current: Transaction, policy: EventPolicy, evaluator: Evaluator, key_id: int | None) -> None:
        self._current, self._policy, self._evaluator, self._key_id = current, policy, evaluator, key_id
        self._queries, self._events = BatchQueries(current), EventQueries(current)
        self._collected = CollectedAlerts()
        self._query = histories_query(evaluator)
        self._running = RunningHistory(replace(self._query.needs, sums=frozenset()))

    def decide(self, players: Players) -> Outcome:
        """Decide the events; commit what was stored."""
        self._queries.begin()
        players = self._registered(players)
        # The system's clock first, if the order requires it, so that no deadlock can arise.
        if players and (not self._is_system or self._queries.claim_system(SYSTEM, _in_order(players))):
            return self._decide_granted(players)
        self._current.rollback()
        return NOTHING

    def _decide_granted(self, players: Players) -> Outcome:
        rows_of = self._queries.claim(players, self._query)
        claims = {user_id: _claim(events, rows_of[user_id], self._query) for user_id, events in players.items()}
        granted = {user_id: claim for user_id, claim in claims.items() if claim is not None}
        refused = players.keys() - granted.keys()
        moved = frozenset(user_id for user_id in refused if _moved(players[user_id], rows_of[user_id]))
        if moved or not granted or (self._is_system and refused):
            self._current.rollback()
            return Outcome(decisions={}, must_not_stand=moved)
        decisions = {user_id: self._decide_all(players[user_id], claim) for user_id, claim in granted.items()}
        self._store(decisions, granted)
        return Outcome(decisions=decisions)

    @property
    def _is_system(self) -> bool:
        return self._policy.order is EventOrder.SYSTEM

    def _registered(self, players: Players) -> Players:
        if not self._policy.registered_users_only:
            return players
        registered = PlayerQueries(self._current).registered(players)
        return {user_id: events for user_id, events in players.items() if user_id in registered}

    def _decide_all(self, events: Sequence[ActivityEvent], claim: Claim) -> list[Decision]:
        """Decide a player's events, each with those before it as history."""
        first = replace(events[0], n=claim.n) if claim.n else events[0]
        self._collected.begin_player()
        if len(events) == 1:
            return [self._decide(first, claim.history)]
        decisions = []
        self._remember(claim.history)
        for event in _placed(first, events):
            decisions.append(self._decide(event, self._running.before(event.t, claim.history.groups)))
            self._running.remember(event)
        return decisions

    def _remember(self, history: History) -> None:
        """Let the running history begin with what was read."""
        self._running.forget()
        parts = (history.latest, *history.latest_of.values(), *history.window.values())
        read = {(event.t, event.n): event for event in chain.from_iterable(parts)}
        for _, event in sorted(read.items()):
            self._running.remember(event)

    def _decide(self, event: ActivityEvent, history: History) -> Decision:
        self._collected.begin_event()
        verdicts = self._evaluator.evaluate(event, history)
        live, matches = next(verdicts)
        codes = tuple([match.code for match in matches]) if matches else ()
        if matches or len(self._evaluator.rule_sets) > 1:
            record = Record(self._events, self._collected, event)
            record.keep(live, matches)
            if len(self._evaluator.rule_sets) > 1:
                keep_shadow(record, verdicts)
        return Decision(event=event, alert_codes=codes, edition=live.edition)

    def _store(self, decisions: Mapping[int, Sequence[Decision]], claims: Mapping[int, Claim]) -> None:
        latest = {
            user_id: of_player[-1].event.t
            for user_id, of_player in decisions.items()
            if of_player[-1].event.t > of_player[0].event.t
        }
        seqs = chain.from_iterable(
            range(claims[user_id].seq - len(of_player) + 1, claims[user_id].seq + 1)
            for user_id, of_player in decisions.items()
        )
        if self._is_system:
            latest = {SYSTEM: max(of_player[-1].event.t for of_player in decisions.values()), **latest}
        if latest:
            self._queries.advance(latest)
        AlertQueries(self._current).keep_many(self._collected.alerts)  # first: they depend on the events before these
        versions = [
            version
            for user_id, of_player in decisions.items()
            if (version := claims[user_id].groups_version) is not None
            for _ in of_player
        ]
        raised = [decision.event for of_player in decisions.values() for decision in of_player if decision.alert_codes]
        Outbox(self._current).note_many_raised([(event.user_id, event.t, event.n) for event in raised])
        self._queries.store([*chain.from_iterable(decisions.values())], seqs, self._key_id, versions)
        self._write_totals(decisions, claims)
        self._current.commit()

    def _write_totals(self, decisions: Mapping[int, Sequence[Decision]], claims: Mapping[int, Claim]) -> None:
        """Write running totals of some players; the others will do so at their next events (A59)."""
        counted = 0
        for user_id, claim in claims.items():
            if claim.lags and counted < MAX_COUNTED:
                counted += sum(min(lag.events, running_totals.MAX_COUNTED) for lag in claim.lags)
                self._events.write_totals(decisions[user_id][0].event, claim.lags)


def _in_order(players: Players) -> list[ActivityEvent]:
    return sorted(chain.from_iterable(players.values()), key=lambda event: event.t)


def _claim(events: Sequence[ActivityEvent], rows: Sequence[Row], query: HistoriesQuery) -> Claim | None:
    claim = read_claim(events[0], rows, query)
    # An event of a player with corrections may have the identity of a corrected one (A52): that is found one by one.
    return claim if claim and not claim.corrections and _has_room(events, claim) else None


def _has_room(events: Sequence[ActivityEvent], claim: Claim) -> bool:
    """Return whether no second of these events has too many (A49); at most all of them share one."""
    return claim.n + len(events) <= MAX_IN_A_SECOND


def _moved(events: Sequence[ActivityEvent], rows: Sequence[Row]) -> bool:
    """Return whether the claim of a player whose events cannot be decided here may have moved the clock."""
    corrections = next(n for part, *_, n, _ in rows if part == CLOCK)
    if not corrections and all(event.event_id is None for event in events):
        return False  # then nothing but the clock decides about the claim
    return any(part == CLOCK and t == events[0].t for part, t, *_ in rows)


def _placed(first: ActivityEvent, events: Sequence[ActivityEvent]) -> list[ActivityEvent]:
    """Return a player's events, each at its place in its second."""
    placed = [first]
    for event in events[1:]:
        n = placed[-1].n + 1 if event.t == placed[-1].t else 0
        placed.append(replace(event, n=n) if n else event)
    return placed
