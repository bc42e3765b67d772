"""Reading alerts: always by an index and never further than the page goes, whatever is stored and whoever asks."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import psycopg2
import pytest

from app.alerts.domain import AlertQuery, Cursor
from app.alerts.queries import AlertQueries
from lib.statements import BY_INDEX, Statement
from tests.integration.conftest import Sql
from tests.integration.query_plans import nodes, rows_read

if TYPE_CHECKING:
    from lib.transactions import Transaction

HEAVY, LIGHT, NOBODY = 7, 9, 10
HEAVY_ALERTS = 30_000
CODES = (30, 123, 300, 1100)
RARE, NEVER = 777, 5  # the rare code was raised once, by the light player
EDITIONS, IN_SHADOW = 5, 6
KINDS = len(CODES) * EDITIONS + 1  # an edition with a code
MOST = 51
PROBE = 5  # pages at most that it takes to come down an index of this size, the page of the table included

# What a planner may believe when it makes the plan for all.
STATISTICS = {
    "true": "heavy others light shadow",
    "of nothing": "",
    "of others only": "others",
    "of the heavy player only": "heavy",
    "of the shadow only": "shadow",
    "of one player, one code and one edition only": "one",
}


@pytest.fixture(params=STATISTICS.values(), ids=list(STATISTICS))
def alerts(request: pytest.FixtureRequest, sql: Sql, database: str) -> str:
    """A player with very many alerts, one fresh, one with few, many others, some in the shadow; a planner's belief."""
    insert = "INSERT INTO alert (user_id, t, code, edition, shadow, evidence, fresh) SELECT"
    code = f"(ARRAY{list(CODES)})[1 + n % {len(CODES)}]"
    parts = {
        "one": "20, n, 30, 1, false, '{}', true FROM generate_series(1, 5000) AS n",
        "others": f"1000 + n % 400, n, {code}, 1 + n % {EDITIONS}, false, '{{}}', n % 2 = 0"
        " FROM generate_series(1, 8000) AS n",
        "heavy": f"{HEAVY}, n, {code}, 1 + n * {EDITIONS} / {HEAVY_ALERTS + 1}, false, '{{}}', n = 1"
        f" FROM generate_series(1, {HEAVY_ALERTS}) AS n",
        "light": f"{LIGHT}, n, (ARRAY[30, {RARE}])[n], 3, false, '{{}}', true FROM generate_series(1, 2) AS n",
        "shadow": f"{HEAVY}, n, {code}, {IN_SHADOW}, true, '{{}}', false FROM generate_series(1, 500) AS n",
    }
    known = request.param.split()
    for part in known:
        sql(f"{insert} {parts[part]}")
    sql("ANALYZE alert")
    for part in parts.keys() - known:
        sql(f"{insert} {parts[part]}")
    return database


@dataclass(slots=True)
class RecordedQueries:
    """A stand-in for a transaction that records the queries."""

    calls: list[tuple[Statement, tuple[object, ...]]] = field(default_factory=list)

    def write(self, statement: Statement, *values: object) -> None:
        self.calls.append((statement, values))

    def fetch(self, statement: Statement, *values: object) -> list[tuple[Any, ...]]:
        self.calls.append((statement, values))
        return []


class Planner:
    """Tells how the very questions of the application are carried out, in one session like its own."""

    def __init__(self, cursor: psycopg2.extensions.cursor) -> None:
        self._cursor = cursor
        self._prepared: set[str] = set()
        cursor.execute("SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather = 0")

    def plan_of(self, asked: AlertQuery) -> dict[str, Any]:
        recorded = RecordedQueries()
        AlertQueries(cast("Transaction", recorded)).latest(asked, asked.limit)
        [(first, ()), (statement, values)] = recorded.calls
        assert first is BY_INDEX
        self._cursor.execute("SET enable_seqscan = off")
        if statement.name not in self._prepared:
            self._cursor.execute(statement.prepare)
            self._prepared.add(statement.name)
        self._cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.execute}", values)
        [([plan],)] = self._cursor.fetchall()
        return dict(plan["Plan"])


@pytest.fixture
def planner(alerts: str) -> Iterator[Planner]:
    with closing(psycopg2.connect(alerts)) as connection, connection.cursor() as cursor:
        yield Planner(cursor)


FILTERS: list[dict[str, Any]] = [
    {"code": code, "user_id": user_id, "edition": edition, "shadow": shadow}
    for code in (None, 30, RARE, NEVER)
    for user_id in (None, HEAVY, LIGHT, NOBODY)
    for edition in (None, 3, IN_SHADOW, 99)
    for shadow in (False, True)
]
FILTERS += [{**filters, "fresh": True} for filters in FILTERS if filters["edition"] in {None, 3}]
CURSORS: list[dict[str, Any]] = [
    {},
    {"before": Cursor(HEAVY_ALERTS // 2, HEAVY, 0, 123)},
    {"before": Cursor(1, 1, 0, 1)},
    {"since": HEAVY_ALERTS},
    {"since": 10, "before": Cursor(12, HEAVY, 0, 2**31 - 1)},
]


def test_every_page_is_read_by_an_index_and_no_further_than_needed(planner: Planner) -> None:
    """All combinations of filters, at different places of the list; the bounds know nothing of how much is stored."""
    for filters, place in product(FILTERS, CURSORS):
        asked = AlertQuery(limit=MOST, **filters, **place)
        assert_bounded(planner.plan_of(asked), str(asked))


def assert_bounded(plan: dict[str, Any], asked: str) -> None:
    read = [node for node in nodes(plan) if "Relation Name" in node]
    assert all(node["Node Type"] in {"Index Scan", "Index Only Scan"} for node in read), asked
    assert rows_read(plan) <= KINDS * (MOST + 3) + MOST, asked
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert pages <= PROBE * (rows_read(plan) + 3 * KINDS), asked
