"""The events of some players, sifted and judged in memory: what is stored of them, as the live path would store it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from app.alerts.domain import StoredAlert
from app.alerts.queries import format_evidence, written
from app.backtest.judging import needs_of_all
from app.events.recording import alert_of, evidence_of
from app.intake.domain import Fault, Row
from app.intake.queries import ImportQueries, Raised
from app.intake.sifting import NOBODY, Ahead, Known, Sifter
from app.players.domain import UNSEEN, GroupsSeen
from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent
from app.rules.history import NO_GROUPS, HistoryNeeds
from app.rules.rejudging import proof_of
from app.rules.rule import Match
from app.rules.running_history import RunningHistory
from lib.bulk_sessions import NULL, escaped

Verdicts = list[tuple[RuleSet, tuple[Match, ...]]]
NOTHING: Raised = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What lines are sifted by and events judged by; the live rule set comes first."""

    rule_sets: Sequence[RuleSet]
    registered_only: bool
    ahead: Ahead

    @property
    def needs(self) -> HistoryNeeds:
        """How far back the rules look."""
        return needs_of_all(*self.rule_sets)


@dataclass(slots=True)
class Sifted:
    """The lines of a player: those to store with their places, and those with faults; the rest is stored already."""

    user_id: int
    sifter: Sifter
    places: list[tuple[Row, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def events(self) -> Iterator[ActivityEvent]:
        """Make the events to store."""
        return (row.event(place) for row, place in self.places)

    @property
    def known(self) -> Known:
        """The clock of the player."""
        return self.sifter.known


def sift(queries: ImportQueries, bench: Bench, rows: Sequence[Row], carried: Sifter | None = None) -> list[Sifted]:
    """Decide on all these lines, which are ordered; `carried` knows the lines before of their only player."""
    users = list({row.user_id: None for row in rows})
    clocks = queries.clocks(users)
    registered = queries.registered(users) if bench.registered_only else None
    at: dict[int, dict[int, ActivityEvent]] = {}
    named: dict[int, dict[str, ActivityEvent]] = {}
    for event in queries.stored_at(_moments(rows, clocks)):
        at.setdefault(event.user_id, {})[event.t] = event
    for event in queries.stored_as(
        [(row.user_id, row.event_id) for row in rows if row.event_id and row.user_id in clocks]
    ):
        named.setdefault(event.user_id, {})[event.event_id or ""] = event
    found = []
    for user_id, lines in groupby(rows, itemgetter(1)):
        sifter = carried or Sifter(
            clocks.get(user_id, NOBODY), registered is None or user_id in registered, bench.ahead
        )
        sifter.stored_at, sifter.stored_as = at.get(user_id, {}), named.get(user_id, {})
        found.append(_decide(Sifted(user_id, sifter), lines))
    return found


def _moments(rows: Iterable[Row], clocks: dict[int, Known]) -> list[tuple[int, int]]:
    known = ((row, clocks.get(row.user_id, NOBODY)) for row in rows)
    return [(row.user_id, row.t) for row, clock in known if row.t <= clock.last_t or clock.corrections]


def _decide(sifted: Sifted, lines: Iterable[Row]) -> Sifted:
    decide = sifted.sifter.decide
    for row in lines:
        decided = decide(row)
        if isinstance(decided, Fault):
            sifted.faults.append(decided)
        elif decided is not None:
            sifted.places.append((row, decided))
    return sifted


class Judge:
    """Judges events of one player after the other, each by what came before it."""

    def __init__(self, queries: ImportQueries, bench: Bench) -> None:
        self._queries, self._rule_sets, self._needs = queries, bench.rule_sets, bench.needs
        self._longest = self._needs.longest
        self.past = RunningHistory(self._needs)
        self.seen = UNSEEN  # the groups of the present player, which all events of this import see (A56)
        self._raised_last: dict[int, Raised] = {}

    def judge(self, players: Sequence[Sifted]) -> Iterator[tuple[Sifted, Iterator[tuple[ActivityEvent, Verdicts]]]]:
        """Yield each player with events to store, and each of these with the verdict of each rule set."""
        with_past = [each for each in players if each.places and each.known is not NOBODY]
        self._raised_last = self._queries.raised_last([each.user_id for each in with_past]) if with_past else {}
        opens = {each.user_id: max(each.places[0][0].t - self._longest, 0) for each in with_past}
        earlier = {
            user_id: list(events)
            for user_id, events in groupby(self._queries.past(opens, self._needs), lambda event: event.user_id)
        }
        groups = self._groups([each.user_id for each in players if each.places])
        for each in players:
            if each.places:
                self.seen = groups.get(each.user_id, UNSEEN)
                self.past.forget()
                for event in earlier.get(each.user_id, ()):
                    self.past.remember(event)
                yield each, self.go_on(each.events())

    def _groups(self, users: list[int]) -> dict[int, GroupsSeen]:
        """Return the groups of players, if rules are for groups; who is not registered has none."""
        if not self._needs.groups:
            return {}
        return {**dict.fromkeys(users, GroupsSeen(0, NO_GROUPS)), **self._queries.groups(users)}

    def go_on(self, events: Iterable[ActivityEvent]) -> Iterator[tuple[ActivityEvent, Verdicts]]:
        """Judge further events of the same player."""
        past, rule_sets = self.past, self._rule_sets
        for event in events:
            history = past.before(event.t, self.seen.labels)
            yield event, [(rule_set, rule_set.evaluate(event, history)) for rule_set in rule_sets]
            past.remember(event)

    def raised_before(self, user_id: int) -> Raised:
        """Return what the player's latest event before those judged here raised."""
        return self._raised_last.get(user_id, NOTHING)

    def alerts(self, event: ActivityEvent, verdicts: Verdicts, before: Raised) -> list[StoredAlert]:
        """Return the alerts of the event that was judged last; `before` is what the event before it raised."""
        return [
            replace(
                alert_of(event, rule_set, match, evidence_of(match, proof_of(match, event, self.past))),
                fresh=(rule_set.shadow, match.code) not in before,
            )
            for rule_set, met in verdicts
            for match in met
        ]


class Written(NamedTuple):
    """What is stored of a player, as COPY reads it, and how far the clock moves.

    `notes` are for the outbox: the events that raise codes of the live edition.
    """

    user_id: int
    known: Known
    last_t: int
    events: list[str]
    alerts: list[str]
    notes: list[str]


def write(judge: Judge, players: Sequence[Sifted]) -> list[Written]:
    """Judge the events of players, and write them and their alerts."""
    return [_written(judge, sifted, judged) for sifted, judged in judge.judge(players)]


def _written(judge: Judge, sifted: Sifted, judged: Iterable[tuple[ActivityEvent, Verdicts]]) -> Written:
    events: list[str] = []
    alerts: list[str] = []
    notes: list[str] = []
    seq, before = sifted.known.events, judge.raised_before(sifted.user_id)
    version = NULL if judge.seen.version is None else judge.seen.version
    for event, verdicts in judged:
        seq += 1
        live, matches = verdicts[0]
        codes = ",".join([str(match.code) for match in matches])
        # No value of these needs an escape.
        events.append(
            f"{event.user_id}\t{event.t}\t{event.n}\t{event.type.value}\t{event.amount}\t{{{codes}}}\t{live.edition}\t"
            f"{seq}\t{event.event_id or NULL}\t{version}\n"
        )
        if matches:
            notes.append(f"{event.user_id}\t{event.t}\t{event.n}\traised\t0\n")
        found = judge.alerts(event, verdicts, before)
        alerts.extend(map(_alert_line, found))
        before = {(alert.shadow, alert.code) for alert in found} if found else NOTHING
    return Written(sifted.user_id, sifted.known, sifted.sifter.last_t, events, alerts, notes)


def _alert_line(alert: StoredAlert) -> str:
    evidence = escaped(written(format_evidence(alert.evidence, alert.event_id)))
    at = f"{alert.user_id}\t{alert.t}\t{alert.n}\t{alert.code}\t{alert.shadow}\t{alert.edition}"
    return f"{at}\t{evidence}\t{alert.fresh}\n"
