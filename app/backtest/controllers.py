"""The use cases on all that is stored. Both look at one state of the database, and share the work out by user."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine

from app.backtest import judging, verifying
from app.backtest.domain import Calendar, Scope, Span
from app.backtest.findings import Findings, RuleBook
from app.backtest.judging import Judged, Judging, Planning, Trial
from app.backtest.reports import Bench, Report
from app.backtest.tally import Tally
from app.backtest.verifying import Inquiry, InquiryContext, Sharing, Verifying, VerifyingChain
from app.rulebook import controllers as rulebook
from app.rules.engine import RuleSet
from app.seals.domain import Sealed
from lib.database import Database
from lib.snapshots import snapshot_of
from lib.workers import OpenCrew, Piece, Workers

SPAN = 100_000  # events that one process judges before it is given further users
APPLICATION_NAME = "activity-alerts rules"  # under which PostgreSQL shows the connections

Found = TypeVar("Found", Tally, Findings)
Verification = Piece[InquiryContext, Judged | Findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the work is done: the database, by so many processes in spans of so many events, and who is told of it.

    `told` is called with all events there are to judge and how many further ones are judged; `open_crew` gets the
    processes together.
    """

    database: Database
    engine: Engine
    jobs: int
    span: int = SPAN
    told: Callable[[int, int], None] = lambda _, __: None
    open_crew: OpenCrew = Workers


@dataclass(slots=True)
class Cost:
    """The CPU seconds of the processes, without what it took them to start."""

    cpu_seconds: float = 0


def backtest(place: Place, number: int, against: int | None, scope: Scope, cost: Cost) -> Report:
    """Judge what is stored by an edition, or by two; raises `NoSuchEdition` or `WorkerFailed`."""
    edition = rule_set_of(place.database, number)
    other = None if against is None else rule_set_of(place.database, against)
    return backtest_of(place, edition, other, scope, cost)


def backtest_of(place: Place, edition: RuleSet, against: RuleSet | None, scope: Scope, cost: Cost) -> Report:
    """Judge what is stored by these rules, or by those of two editions; raises `WorkerFailed`."""
    with snapshot_of(place.engine, APPLICATION_NAME) as snapshot:
        trial = Trial(snapshot=snapshot, scope=scope, edition=edition, against=against)
        with place.open_crew(judging.begin, trial, place.jobs) as crew:
            [plan] = crew.each([Planning(place.span)])
            tally = Tally(plan.calendar, compares=against is not None)
            pieces = (Judging(span, plan.calendar) for span in plan.spans)
            for found in _told(place, plan.spans, crew.each(pieces)):
                tally.add(found)
            cost.cpu_seconds = crew.cpu_seconds
    return _report(trial, plan.calendar, tally)


def verify(place: Place, cost: Cost, kept: Sealed | None = None) -> Findings:
    """Judge all that is stored again, each event by its own edition, and hold it against counts and seals.

    `kept` is a seal that was written down elsewhere. Raises `WorkerFailed`.
    """
    with snapshot_of(place.engine, APPLICATION_NAME) as snapshot:
        # Read after the snapshot was taken, so that no edition of an event in it is missing.
        inquiry = Inquiry(snapshot=snapshot, book=rule_book_of(place.database))
        with place.open_crew(verifying.begin, inquiry, place.jobs) as crew:
            spans = list(crew.each([Sharing(place.span)]))
            findings = Findings()
            pieces: list[Verification] = [VerifyingChain(kept), *map(Verifying, spans)]
            for found in _told(place, spans, crew.each(pieces)):
                findings.add(found)
            cost.cpu_seconds = crew.cpu_seconds
    return findings


def rule_set_of(database: Database, number: int) -> RuleSet:
    """Return the rules of an edition, wherever it stands."""
    edition = rulebook.edition(database, number)
    return RuleSet(edition=edition.edition, rules=edition.rules)


def rule_book_of(database: Database) -> RuleBook:
    """Return the rules of all editions."""
    editions = rulebook.editions(database)
    return RuleBook(
        rule_sets={each.edition: RuleSet(edition=each.edition, rules=each.rules) for each in editions},
        published=frozenset(each.edition for each in editions if each.published_at),
    )


def _report(trial: Trial, calendar: Calendar, tally: Tally) -> Report:
    return Report(
        edition=_bench(trial.edition),
        against=None if trial.against is None else _bench(trial.against),
        scope=trial.scope,
        calendar=calendar,
        events=tally.events,
        customers=tally.customers,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )


def _bench(rule_set: RuleSet) -> Bench:
    return Bench(edition=rule_set.edition, rules={rule.code: rule for rule in rule_set.rules})


def _told(place: Place, spans: Sequence[Span], messages: Iterable[Judged | Found]) -> Iterator[Found]:
    """Tell how far the work got, and return what was found."""
    events = sum(span.events for span in spans)
    place.told(events, 0)
    for message in messages:
        if isinstance(message, Judged):
            place.told(events, message.events)
        else:
            yield message
