"""The use case of the command: compare all that is stored, a span of players at a time, in several processes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from app.backtest.comparing.controllers import subject_of
from app.backtest.comparing.domain import Comparison, Subject
from app.backtest.comparing.queries import ComparisonQueries
from app.backtest.comparing.tally import ComparisonTally
from app.backtest.controllers import APPLICATION_NAME, Cost, RunContext, with_progress
from app.backtest.domain import ALL_PLAYERS, Calendar, Scope, Span
from app.backtest.judging import Judged, spans_of
from lib.snapshots import Snapshot, snapshot_of

[EVERYBODY] = ALL_PLAYERS


def compare(run: RunContext, number: int, scope: Scope, limit: int, cost: Cost) -> Comparison:
    """Compare in one state of the database; raises `NoSuchEdition`, `NeverInShadow` or `WorkerFailed`."""
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        # Read after the snapshot is taken: whoever is still in the shadow was so at every event in it.
        with run.database.transaction() as current:
            subject = subject_of(current, number, scope)
        with run.open_pool(begin, ComparisonJob(snapshot, subject, limit), run.jobs) as pool:
            [spans] = pool.each([Sharing(run.span)])
            calendar = Calendar.of(chain.from_iterable(pool.each(map(FindingDays, spans))))
            tally = ComparisonTally(calendar, limit)
            pieces = (Comparing(span, calendar) for span in spans)
            for counted in with_progress(run, spans, pool.each(pieces)):
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
class Sharing:
    """The piece that comes first: cut the players into spans of about so many alerts."""

    span: int

    def __call__(self, context: ComparisonContext) -> Sequence[Span]:
        """Return the spans."""
        counts = chain.from_iterable(context.queries.alerts_of_players(EVERYBODY))
        return tuple(spans_of(EVERYBODY, counts, self.span))


@dataclass(frozen=True, slots=True)
class FindingDays:
    """The pieces after it: find the days for which the report needs room."""

    span: Span

    def __call__(self, context: ComparisonContext) -> Sequence[int]:
        """Return the days of `t` on which there is anything to compare."""
        return [day for (day,) in chain.from_iterable(context.queries.days(self.span.players))]


@dataclass(frozen=True, slots=True)
class Comparing:
    """The last pieces: compare the alerts of the players of a span."""

    span: Span
    calendar: Calendar

    def __call__(self, context: ComparisonContext) -> Judged[ComparisonTally]:
        """Return what was counted."""
        tally = ComparisonTally(self.calendar, context.job.limit)
        tally.count(chain.from_iterable(context.queries.found(self.span.players)))
        return Judged(self.span.events, tally)
