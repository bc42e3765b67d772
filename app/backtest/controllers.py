"""The use cases on all that is stored. Both look at one state of the database, and share the work out by user."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from app.backtest import judging, verifying
from app.backtest.domain import Calendar, Scope, Span
from app.backtest.findings import Findings, RuleBook
from app.backtest.judging import Judged, Judging, Planning, Trial
from app.backtest.reports import Bench, Report
from app.backtest.tally import Tally
from app.backtest.verifying import Inquiry
from app.events.judges import RuleSet
from app.rulebook import controllers as rulebook
from lib.database import Database
from lib.snapshots import snapshot_of
from lib.workers import Workers

SPAN = 100_000  # events that one process judges before it is given further users
APPLICATION_NAME = "activity-alerts rules"  # under which PostgreSQL shows the connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the work is done: the database, by so many processes in spans of so many events, and who is told of it.

    `told` is called with all events there are to judge and how many further ones are judged.
    """

    database: Database
    engine: Engine
    jobs: int
    span: int = SPAN
    told: Callable[[int, int], None] = lambda _, __: None


@dataclass(slots=True)
class Cost:
    """The CPU seconds of the processes, without what it took them to start."""

    cpu_seconds: float = 0


def backtest(place: Place, number: int, against: int | None, scope: Scope, cost: Cost) -> Report:
    """Judge what is stored by an edition, or by two; raises `NoSuchEdition` or `WorkerFailed`."""
    benches = [rule_set_of(place.database, each) for each in (number, against) if each is not None]
    edition, other = benches[0], benches[1] if len(benches) > 1 else None
    with snapshot_of(place.engine, APPLICATION_NAME) as snapshot:
        trial = Trial(snapshot=snapshot, scope=scope, edition=edition, against=other)
        with Workers[Any, Any](judging.begin, trial, place.jobs) as workers:
            spans, calendar = _planned(workers, place.span)
            tally = Tally(calendar, compares=other is not None)
            for found in _told(place, spans, workers.each(Judging(span, calendar) for span in spans)):
                tally.add(found)
            cost.cpu_seconds = workers.cpu_seconds
    return Report(
        edition=_bench(edition),
        against=None if other is None else _bench(other),
        scope=scope,
        calendar=calendar,
        events=tally.events,
        customers=tally.customers,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )


def verify(place: Place, cost: Cost) -> Findings:
    """Judge all that is stored again, each event by its own edition; raises `WorkerFailed`."""
    with snapshot_of(place.engine, APPLICATION_NAME) as snapshot:
        # Read after the snapshot was taken, so that no edition of an event in it is missing.
        book = rule_book_of(place.database)
        with Workers[Any, Any](verifying.begin, Inquiry(snapshot=snapshot, book=book), place.jobs) as workers:
            spans, _ = _planned(workers, place.span)
            findings = Findings()
            for found in _told(place, spans, workers.each(spans)):
                findings.add(found)
            cost.cpu_seconds = workers.cpu_seconds
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


def _bench(rule_set: RuleSet) -> Bench:
    return Bench(edition=rule_set.edition, rules={rule.code: rule for rule in rule_set.rules})


def _planned(workers: Workers[Any, Any], span: int) -> tuple[list[Span], Calendar]:
    spans, calendar = [], Calendar()
    for message in workers.each([Planning(span)]):
        if isinstance(message, Calendar):
            calendar = message
        else:
            spans.append(message)
    return spans, calendar


def _told(place: Place, spans: Iterable[Span], messages: Iterable[Any]) -> Iterator[Any]:
    """Tell how far the work got, and return what was found."""
    events = sum(span.events for span in spans)
    place.told(events, 0)
    for message in messages:
        if isinstance(message, Judged):
            place.told(events, message.events)
        else:
            yield message
