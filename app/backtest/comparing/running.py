"""The use case of the command: compare all that is stored, a span of players at a time, in several processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from app.backtest.comparing.controllers import subject_of
from app.backtest.comparing.domain import Comparison, Subject
from app.backtest.comparing.queries import ComparisonQueries
from app.backtest.comparing.tally import ComparisonTally
from app.backtest.controllers import APPLICATION_NAME, Cost, RunContext, with_progress
from app.backtest.domain import Calendar, Scope, Span
from app.backtest.judging import Judged, Plan, spans_of
from lib.snapshots import Snapshot, snapshot_of


def compare(run: RunContext, number: int, scope: Scope, limit: int, cost: Cost) -> Comparison:
    """Compare in one state of the database; raises `NoSuchEdition`, `NeverInShadow` or `WorkerFailed`."""
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        # Read after the snapshot is taken: whoever is still in the shadow was so at every event in it.
        with run.database.transaction() as current:
            subject = subject_of(current, number, scope)
        with run.open_pool(begin, ComparisonJob(snapshot, subject, limit), run.jobs) as pool:
            [plan] = pool.each([Planning(run.span)])
            tally = ComparisonTally(plan.calendar, limit)
            pieces = (Comparing(span, plan.calendar) for span in plan.spans)
            for counted in with_progress(run, plan.spans, pool.each(pieces)):
                tally.add(counted)
            cost.cpu_seconds = pool.cpu_seconds
    return tally.comparison(subject)


@dataclass(frozen=True, slots=True)
class ComparisonJob:
    """What every process of a comparison must know."""

    snapshot: Snapshot
    subject: Subject
    limit: int


@dataclass(frozen=True, slots=True)
class ComparisonContext:
    """What a process of a comparison has for each of its pieces."""

    queries: ComparisonQueries
    job: ComparisonJob


@contextmanager
def begin(job: ComparisonJob) -> Iterator[ComparisonContext]:
    """Open the snapshot, once for all pieces of this process."""
    with job.snapshot.reader() as reader:
        yield ComparisonContext(ComparisonQueries(reader, job.subject), job)


@dataclass(frozen=True, slots=True)
class Planning:
    """The piece that comes first: cut the players into spans of about so many alerts."""

    span: int

    def __call__(self, context: ComparisonContext) -> Plan:
        """Return the plan."""
        queries, scope = context.queries, context.job.subject.scope
        days = chain.from_iterable(chain.from_iterable(queries.days(players) for players in scope.players))
        calendar = Calendar.of(day for (day,) in days)
        spans = chain.from_iterable(
            spans_of(players, chain.from_iterable(queries.alerts_of_players(players)), self.span)
            for players in scope.players
        )
        return Plan(tuple(spans), calendar)


@dataclass(frozen=True, slots=True)
class Comparing:
    """The pieces after it: compare the alerts of the players of a span."""

    span: Span
    calendar: Calendar

    def __call__(self, context: ComparisonContext) -> Judged[ComparisonTally]:
        """Return what was counted."""
        tally = ComparisonTally(self.calendar, context.job.limit)
        tally.count(chain.from_iterable(context.queries.found(self.span.players)))
        return Judged(self.span.events, tally)
