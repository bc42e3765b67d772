"""Verifies cases against the feed of alerts, and against their own journals, within one snapshot of the database."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine

from app.cases.domain import Case, CaseEvent
from app.cases.journals import faults
from app.cases.queries import case_of, event_of
from app.cases.services import Faults, no_faults
from lib.snapshots import Reader, snapshot_of

APPLICATION_NAME = "activity-alerts cases"  # the name of the connections in PostgreSQL
NUMBERS, CASES = 10_000, 1_000  # of the feed, and cases, that are looked at at once

HEAD = """
    SELECT case_head.number, began, feed_head.number, (SELECT coalesce(max(id), 0) FROM care_case)
    FROM case_head CROSS JOIN feed_head WHERE case_head.id = 1 AND feed_head.id = 1"""
COUNT = """
    SELECT count(DISTINCT (user_id, t, n, code)) FROM alert_feed
    WHERE number > %(after)s AND number <= %(upto)s AND kind <> 'retracted' AND NOT quiet"""
UNATTACHED = """
    SELECT number, user_id, t, n, code FROM alert_feed AS feed
    WHERE number > %(after)s AND number <= %(upto)s AND kind <> 'retracted' AND NOT quiet AND NOT EXISTS (
        SELECT FROM case_alert WHERE user_id = feed.user_id AND t = feed.t AND n = feed.n AND code = feed.code
    ) ORDER BY number"""
# What is attached without an entry of the feed, or not marked as the feed's last entry about it says.
STRANGE = """
    SELECT attached.case_id, attached.user_id, attached.t, attached.n, attached.code, last.kinds IS NULL
    FROM case_alert AS attached CROSS JOIN LATERAL (
        SELECT array_agg(kind ORDER BY number DESC) AS kinds, bool_or(number = attached.number) AS is_named
        FROM alert_feed
        WHERE user_id = attached.user_id AND t = attached.t AND n = attached.n AND code = attached.code
            AND number > %(began)s AND number <= %(head)s AND NOT quiet
    ) AS last
    WHERE case_id > %(after)s AND case_id <= %(upto)s
        AND (last.kinds IS NULL OR NOT is_named OR (kinds[1] = 'retracted') <> (retracted_at IS NOT NULL))
    ORDER BY case_id, number"""
COUNTS = """
    SELECT id FROM care_case WHERE id > %(after)s AND id <= %(upto)s
        AND alert_count <> (SELECT count(*) FROM case_alert WHERE case_id = care_case.id) ORDER BY id"""
COLUMNS = tuple(each.name for each in fields(Case))
EVENT = tuple(each.name for each in fields(CaseEvent))
CASES_OF = f"SELECT {', '.join(COLUMNS)} FROM care_case WHERE id > %(after)s AND id <= %(upto)s ORDER BY id"  # noqa: S608  # ours
EVENTS_OF = (
    f"SELECT {', '.join(EVENT)} FROM case_event WHERE case_id > %(after)s AND case_id <= %(upto)s"  # noqa: S608  # as above
    " ORDER BY case_id, seq"
)


@dataclass(slots=True)
class Verification:
    """How much was looked at, and what was found: at most the first faults as texts, and how many there are."""

    alerts: int = 0
    cases: int = 0
    waiting: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """What to verify, `records` about cases too.

    `found` is called with each fault, `progress` with what was looked at so far, and how much is.
    """

    engine: Engine
    found: Callable[[str], None]
    records: Faults = no_faults
    progress: Callable[[int, int], None] = lambda _, __: None
    numbers: int = NUMBERS
    cases: int = CASES


def verify(verifying: Verifying) -> Verification:
    """Compare the alerts of the feed with those attached, and each case with its journal; raises `psycopg2.Error`."""
    with (
        snapshot_of(verifying.engine, APPLICATION_NAME) as snapshot,
        snapshot.reader() as reader,
    ):
        [[(head, began, last, cases)]] = reader.rows(HEAD, {})
        done = Verification(waiting=last - head)
        for after, upto, looked in _spans(began, head, verifying.numbers):
            verifying.progress(looked, head - began + cases)
            done.alerts += _one(reader, COUNT, {"after": after, "upto": upto})
            for fault in _unattached(reader, after, upto):
                _report(verifying, done, fault)
        for after, upto, looked in _spans(0, cases, verifying.cases):
            verifying.progress(head - began + looked, head - began + cases)
            for fault in _faults_of_cases(reader, done, {"after": after, "upto": upto, "began": began, "head": head}):
                _report(verifying, done, fault)
        for fault in verifying.records(reader):
            _report(verifying, done, fault)
    return done


def _spans(first: int, last: int, size: int) -> Iterator[tuple[int, int, int]]:
    for after in range(first, last, size):
        yield after, min(after + size, last), after - first


def _report(verifying: Verifying, done: Verification, fault: str) -> None:
    done.faults += 1
    verifying.found(fault)


def _one(reader: Reader, sql: str, values: Mapping[str, object]) -> int:
    [[(count,)]] = reader.rows(sql, values)
    return int(count)


def _unattached(reader: Reader, after: int, upto: int) -> Iterator[str]:
    for number, user_id, t, n, code in _rows(reader, UNATTACHED, {"after": after, "upto": upto}):
        yield f"alert {code} of player {user_id} at t {t}, n {n} (number {number} of the feed) is in no case"


def _faults_of_cases(reader: Reader, done: Verification, span: Mapping[str, object]) -> Iterator[str]:
    for case_id, user_id, t, n, code, is_foreign in _rows(reader, STRANGE, span):
        alert = f"alert {code} of player {user_id} at t {t}, n {n}"
        yield f"case {case_id}: {alert} is {'not in the feed' if is_foreign else 'not marked as the feed has it'}"
    for (case_id,) in _rows(reader, COUNTS, span):
        yield f"case {case_id}: its number of alerts is not that of those attached"
    rows = (event_of(_row(EVENT, values)) for values in _rows(reader, EVENTS_OF, span))
    journals = {case_id: [*events] for case_id, events in groupby(rows, key=lambda event: event.case_id)}
    for values in _rows(reader, CASES_OF, span):
        case = case_of(_row(COLUMNS, values))
        done.cases += 1
        yield from (f"case {case.id}: {fault}" for fault in faults(case, journals.get(case.id, [])))


def _rows(reader: Reader, sql: str, values: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    for batch in reader.rows(sql, values):
        yield from batch


class _Named(SimpleNamespace):
    """A row of a plain cursor, whose columns have names."""

    def _asdict(self) -> dict[str, Any]:
        return vars(self)


def _row(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:  # noqa: ANN401  # as SQLAlchemy's rows
    return _Named(**dict(zip(names, values, strict=True)))
