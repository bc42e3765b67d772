"""The use cases on all that is stored. Both read one state of the database, and share the work out by player."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine

from app.backtest import judging, verifying
from app.backtest.domain import Calendar, Scope, Span
from app.backtest.findings import Findings, RuleBook
from app.backtest.judging import BacktestJob, Judged, Judging, Planning
from app.backtest.reports import EditionRules, Report
from app.backtest.tally import Tally
from app.backtest.verifying import Sharing, VerifyContext, Verifying, VerifyingChain, VerifyJob
from app.rulebook.reading import controllers as reading
from app.rules.engine import RuleSet
from app.rules.spans import zones_version
from app.seals.domain import Sealed
from lib.database import Database
from lib.snapshots import snapshot_of
from lib.workers import OpenPool, Piece, Workers

SPAN = 25_000  # events that a process judges before it reports progress and takes the next players
APPLICATION_NAME = "activity-alerts rules"  # under which PostgreSQL shows the connections

Found = TypeVar("Found")
Verification = Piece[VerifyContext, Judged[Findings]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run works with: the database, the number of processes, and the number of events in a span.

    `progress` is called with the number of all events to judge, and the number judged since the last call; `open_pool`
    starts the processes.
    """

    database: Database
    engine: Engine
    jobs: int
    span: int = SPAN
    progress: Callable[[int, int], None] = lambda _, __: None
    open_pool: OpenPool = Workers


@dataclass(slots=True)
class Cost:
    """The CPU seconds of the processes, without those of starting them."""

    cpu_seconds: float = 0


def backtest(run: RunContext, number: int, against: int | None, scope: Scope, cost: Cost) -> Report:
    """Judge the stored events by an edition, or by two; raises `NoSuchEdition` or `WorkerFailed`."""
    edition = rule_set_of(run.database, number)
    other = None if against is None else rule_set_of(run.database, against)
    return backtest_of(run, edition, other, scope, cost)


def backtest_of(run: RunContext, edition: RuleSet, against: RuleSet | None, scope: Scope, cost: Cost) -> Report:
    """Judge the stored events by these rules, or by those of two editions; raises `WorkerFailed`."""
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        job = BacktestJob(snapshot=snapshot, scope=scope, edition=edition, against=against)
        with run.open_pool(judging.begin, job, run.jobs) as pool:
            [plan] = pool.each([Planning(run.span)])
            tally = Tally(plan.calendar, compares=against is not None)
            pieces = (Judging(span, plan.calendar) for span in plan.spans)
            for found in with_progress(run, plan.spans, pool.each(pieces)):
                tally.add(found)
            cost.cpu_seconds = pool.cpu_seconds
    return _report(job, plan.calendar, tally)


def verify(run: RunContext, cost: Cost, kept: Sealed | None = None) -> Findings:
    """Judge every stored event again by its own edition, and compare what is stored with counts and seals.

    `kept` is a seal that was kept elsewhere. Raises `WorkerFailed`.
    """
    with snapshot_of(run.engine, APPLICATION_NAME) as snapshot:
        # Read after the snapshot is taken, so that the edition of every event in it is there.
        job = VerifyJob(snapshot=snapshot, book=rule_book_of(run.database))
        with run.open_pool(verifying.begin, job, run.jobs) as pool:
            [spans] = pool.each([Sharing(run.span)])
            findings = Findings(time_zones=job.book.time_zones)
            pieces: list[Verification] = [VerifyingChain(kept), *map(Verifying, spans)]
            for found in with_progress(run, spans, pool.each(pieces)):
                findings.add(found)
            cost.cpu_seconds = pool.cpu_seconds
    return findings


def rule_set_of(database: Database, number: int) -> RuleSet:
    """Return the rules of an edition, whatever its state."""
    edition = reading.edition(database, number)
    return RuleSet(edition=edition.edition, rules=edition.rules)


def rule_book_of(database: Database) -> RuleBook:
    """Return the rules of all editions."""
    editions = reading.editions(database)
    return RuleBook(
        rule_sets={each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in editions},
        published=frozenset(each.edition for each in editions if each.published_at),
        time_zones={
            each.edition: each.time_zones for each in editions if each.time_zones not in {None, zones_version()}
        },
    )


def _report(job: BacktestJob, calendar: Calendar, tally: Tally) -> Report:
    return Report(
        edition=_edition_rules(job.edition),
        against=None if job.against is None else _edition_rules(job.against),
        scope=job.scope,
        calendar=calendar,
        events=tally.events,
        players=tally.players,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
        groups=tally.groups if job.needs.groups else None,
    )


def _edition_rules(rule_set: RuleSet) -> EditionRules:
    return EditionRules(number=rule_set.edition, rules={rule.code: rule for rule in rule_set.rules})


def with_progress(run: RunContext, spans: Sequence[Span], pieces: Iterable[Judged[Found]]) -> Iterator[Found]:
    """Report progress, and yield what was found."""
    events = sum(span.events for span in spans)
    run.progress(events, 0)
    for judged in pieces:
        run.progress(events, judged.events)
        yield judged.found
