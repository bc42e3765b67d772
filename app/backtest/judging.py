"""What one process of a backtest does: count the events of each player, then judge those of some players."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from app.backtest.domain import Calendar, PlayerRange, Scope, Span
from app.backtest.groups import GroupsOfEvents
from app.backtest.queries import BacktestQueries
from app.backtest.tally import Tally
from app.rules.engine import RuleSet, needs_of
from app.rules.event import EventType
from app.rules.history import NO_GROUPS, HistoryNeeds
from app.rules.running_history import RunningHistory
from lib.snapshots import Snapshot

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestJob:
    """What every process of a backtest must know."""

    snapshot: Snapshot
    scope: Scope
    edition: RuleSet
    against: RuleSet | None

    @property
    def needs(self) -> HistoryNeeds:
        """How far back the rules look, whatever the event."""
        return needs_of_all(*(each for each in (self.edition, self.against) if each))


@dataclass(frozen=True, slots=True)
class BacktestContext:
    """What a process of a backtest has for each of its pieces."""

    queries: BacktestQueries
    job: BacktestJob


@contextmanager
def begin(job: BacktestJob) -> Iterator[BacktestContext]:
    """Open the snapshot, once for all pieces of this process."""
    with job.snapshot.reader() as reader:
        yield BacktestContext(BacktestQueries(reader), job)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the work is divided into spans, and the time of the report into periods."""

    spans: Sequence[Span]
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Planning:
    """The piece that comes first: plan the work, in spans of about so many events."""

    span: int

    def __call__(self, context: BacktestContext) -> Plan:
        """Return the plan."""
        scope = context.job.scope
        return Plan(tuple(plan(context.queries, scope, self.span)), calendar_of(context.queries, scope))


@dataclass(frozen=True, slots=True)
class Judged(Generic[Found]):
    """What was found in so many further events."""

    events: int
    found: Found


@dataclass(frozen=True, slots=True)
class Judging:
    """The pieces after it: judge the events of the players of a span."""

    span: Span
    calendar: Calendar

    def __call__(self, context: BacktestContext) -> Judged[Tally]:
        """Return what was counted."""
        tally = judge(context.queries, context.job, self)
        return Judged(tally.events, tally)


def plan(queries: BacktestQueries, scope: Scope, span: int) -> Iterator[Span]:
    """Cut the players into spans of about equally many events; each player is in exactly one."""
    for players in scope.players:
        yield from spans_of(players, chain.from_iterable(queries.events_of_players(scope, players)), span)


def spans_of(players: PlayerRange, counts: Iterable[tuple[int, int]], span: int) -> Iterator[Span]:
    """Cut a range of players into spans, given the number of rows of each player, by player."""
    first, rows = players.first, 0
    for user_id, count in counts:
        rows += count
        if rows >= span:
            yield Span(PlayerRange(first, user_id), rows)
            first, rows = user_id + 1, 0
    if first <= players.last:
        yield Span(PlayerRange(first, players.last), rows)


def calendar_of(queries: BacktestQueries, scope: Scope) -> Calendar:
    """Divide the time in which there are events to judge."""
    rows = chain.from_iterable(chain.from_iterable(queries.days(scope, players) for players in scope.players))
    return Calendar.of(day for (day,) in rows)


def judge(queries: BacktestQueries, job: BacktestJob, piece: Judging) -> Tally:
    """Judge the events of a span as they would have been judged live, each by what came before it."""
    needs, since, edition, against = job.needs, job.scope.since, job.edition, job.against
    tally = Tally(piece.calendar, compares=against is not None)
    past = RunningHistory(needs)
    groups = GroupsOfEvents(queries, job.scope, piece.span.players) if needs.groups else None
    present = 0
    for event in chain.from_iterable(queries.events(job.scope, piece.span.players, needs)):
        if event.user_id != present:
            tally.end_player()
            past.forget()
            present = event.user_id
        if event.t >= since:
            history = past.before(event.t, groups.at(event) if groups else NO_GROUPS)
            raised = edition.evaluate(event, history)
            tally.count(event, raised, against.evaluate(event, history) if against else ())
        past.remember(event)
    tally.end_player()
    if groups:
        tally.groups = groups.used
    return tally


def needs_of_all(*rule_sets: RuleSet) -> HistoryNeeds:
    """Tell what history several editions read together, whatever the event."""
    needs = HistoryNeeds()
    for rule_set in rule_sets:
        for kind in EventType:
            needs |= needs_of(rule_set.rules, kind)
    return needs
