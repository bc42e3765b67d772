"""What became known since the answers is found by index, event by event; where nothing did, it costs one probe."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from app.alerts.domain import Evidence, StoredAlert
from app.alerts.revisions import as_believed
from app.events.reading.activity_queries import ActivityQueries
from app.events.reading.domain import Moment
from app.events.reading.queries import ReadingQueries
from app.events.revising.correction_queries import CorrectionQueries
from lib.database import Database
from lib.statements import Statement
from lib.transactions import Transaction
from tests.integration.conftest import AppWith, Sql
from tests.integration.wiring import wiring

HEAVY, LIGHT, REVISIONS = 7, 8, 10_000
PAGE = 51
TABLES = ["user_clock", "revision", "superseded_event"]
TOUCHED = Statement(
    "tables_touched",
    ("text[]",),
    """
    SELECT relname, seq_scan, coalesce(idx_scan, 0), seq_tup_read + coalesce(idx_tup_fetch, 0)
    FROM pg_stat_xact_user_tables WHERE relname = ANY ($1)
    """,
)
PROOF = Evidence(value="2", threshold="1", count=1, events=(), sentence="two")
ALERT = StoredAlert(user_id=HEAVY, t=1, code=30, edition=1, shadow=False, evidence=PROOF)

# What a planner may believe when it makes the plan for all.
STATISTICS = {
    "true": "heavy others",
    "of nothing": "",
    "of one player only": "one",
    "of others only": "others",
    "of the heavy player only": "heavy",
}


@pytest.fixture(params=STATISTICS.values(), ids=list(STATISTICS))
def beliefs(request: pytest.FixtureRequest, sql: Sql, app_with: AppWith) -> Database:
    """A player of whose events very many were revised and corrected, many others; and a planner's belief."""
    tables = {
        "revision": "(user_id, t, n, no, codes_before, codes_after, edition, found, cause) SELECT {user}, n, 0, 1,"
        " '{{}}', '{{30}}', 1, '{{\"30\": {proof}}}', n % 100",
        "superseded_event": "(user_id, seq, t, n, no, type, amount, alert_codes, edition, received_at, clock_t,"
        " corrected_by, reason) SELECT {user}, n, n, 0, 1, 'deposit', 1, '{{}}', 1, now(), n, 'ops', 'x'",
    }
    proof = '{"value": "3", "limit": "3", "count": 0, "moments": [], "sentence": "three"}'
    parts = {"one": (20, 5000), "others": ("1000 + n % 400", 8000), "heavy": (HEAVY, REVISIONS)}

    def insert(part: str) -> None:
        user, many = parts[part]
        for table, rows in tables.items():
            row = rows.format(user=user, proof=proof)
            sql(f"INSERT INTO {table} {row} FROM generate_series(1, {many}) AS n")

    known = request.param.split()
    for table in tables:  # on pages that autovacuum has been through, the index alone answers
        sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    for part in known:
        insert(part)
    sql("ANALYZE revision, superseded_event")
    database: Database = wiring(app_with()).database
    with database.transaction() as current:  # plans that are made now are kept
        as_believed(current, [ALERT])
        CorrectionQueries(current).changed_by(HEAVY, [5], 1)
    for part in parts.keys() - known:
        insert(part)
    sql("INSERT INTO user_clock (user_id, last_t, late_events) VALUES (%s, 1, 5), (%s, 1, 0)", HEAVY, LIGHT)
    # A table of one page is read as a whole, and rightly so.
    sql("INSERT INTO user_clock (user_id, last_t) SELECT n, 1 FROM generate_series(10001, 20000) AS n")
    sql("ANALYZE user_clock")
    for user in (HEAVY, LIGHT):
        sql(
            "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
            " SELECT %s, n, 'deposit', 1, '{30}' FROM generate_series(1, 300) AS n",
            user,
        )
    return database


Answer = TypeVar("Answer")


def counted(database: Database, ask: Callable[[Transaction], Answer]) -> tuple[Answer, dict[str, list[int]]]:
    """Ask, and count in each table the scans of all of it, those of an index, and the rows."""
    with database.transaction() as current:
        # A session's counts begin anew now and then, but never within a transaction.
        before = touched(current)
        answer = ask(current)
        after = touched(current)
        current.commit()
    return answer, {table: [b - a for a, b in zip(before[table], after[table], strict=True)] for table in TABLES}


def touched(current: Transaction) -> dict[str, list[int]]:
    return {name: numbers for name, *numbers in current.fetch(TOUCHED, TABLES)}


def test_alerts_are_looked_up_one_by_one(beliefs: Database) -> None:
    page = [replace(ALERT, t=t) for t in range(REVISIONS, REVISIONS - PAGE, -1)]
    revised, done = counted(beliefs, lambda current: as_believed(current, page))
    assert all(each.found_late_at and each.evidence.sentence == "three" for each in revised)
    assert done["revision"][::2] == [0, PAGE]
    page = [replace(ALERT, user_id=LIGHT, t=t) for t in range(1, PAGE)]
    revised, done = counted(beliefs, lambda current: as_believed(current, page))
    assert revised == page
    assert done["revision"][::2] == [0, 0]


def test_changes_are_found_by_their_cause(beliefs: Database) -> None:
    found, done = counted(beliefs, lambda current: CorrectionQueries(current).changed_by(HEAVY, [5, 7], 10_000))
    assert [cause for cause, _ in found] == [7] * (REVISIONS // 100) + [5] * (REVISIONS // 100)
    assert done["revision"][::2] == [0, len(found)]


READS: dict[str, Callable[..., object]] = {
    "a page": lambda current, user: ReadingQueries(current).latest_events(user, before=None, code=None, most=PAGE),
    "a page of a code": lambda current, user: ReadingQueries(current).latest_events(
        user, before=None, code=30, most=PAGE
    ),
    "an event": lambda current, user: ReadingQueries(current).one(user, Moment(5)),
    "the summary": lambda current, user: ActivityQueries(current).activity(user),
}


def test_events_are_looked_up_one_by_one_and_only_where_a_player_has_late_ones(beliefs: Database) -> None:
    for name, read in READS.items():
        _, done = counted(beliefs, partial(read, user=LIGHT))
        assert done == {"user_clock": [0, 1, 1], "revision": [0, 0, 0], "superseded_event": [0, 0, 0]}, name
        _, done = counted(beliefs, partial(read, user=HEAVY))
        most = PAGE if name.startswith("a page") else 1
        assert done["revision"][::2] == [0, most], name
        assert done["superseded_event"][::2] == [0, 0 if name == "the summary" else most], name
