"""Whether an alert is fresh is found by a few look-ups by index, however much the player did before."""

from contextlib import closing

import psycopg2
import pytest

from app.alerts.freshness import RAISED_LAST
from app.alerts.queries import KEEP, KEEP_IN_SHADOW, KEEP_MANY
from tests.integration.conftest import Sql
from tests.integration.query_plans import nodes, rows_read

HEAVY, EVENTS = 7, 4_000
FILL = {
    "activity_event": "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
    " SELECT {user}, n, 'withdraw', 150, '{{1100}}' FROM generate_series(1, {count}) AS n",
    "alert": "INSERT INTO alert (user_id, t, code, edition, shadow, evidence, fresh)"
    " SELECT {user}, n, 1100, 1 + n % 2, n % 2 = 1, '{{}}', false FROM generate_series(1, {count}) AS n",
    "revision": "INSERT INTO revision SELECT {user}, n, 0, 1, '{{}}', '{{1100}}', 1, '{{}}', n"
    " FROM generate_series(1, {count}) AS n",
    "user_clock": "INSERT INTO user_clock (user_id, last_t, events) VALUES ({user}, {count}, {count})",
}
OF_TWO = """'{f,t}', '{1,2}', '{"{}","{}"}', '{null,null}'"""
CALLS = {
    "live": (KEEP, f"{HEAVY}, {EVENTS + 1}, 0, 1100, 1, '{{}}'"),
    "shadow": (KEEP_IN_SHADOW, f"{HEAVY}, {EVENTS + 1}, 0, 1100, 2, '{{}}'"),
    "late": (KEEP, f"{HEAVY}, {EVENTS // 2}, 1, 1100, 1, '{{}}'"),
    "many": (KEEP_MANY, f"'{{{HEAVY},9}}', '{{{EVENTS + 1},1}}', '{{0,0}}', '{{30,1100}}', {OF_TWO}, '{{{HEAVY},9}}'"),
}
FEW = 12  # rows: the event, its revision, its alert, the clocks


@pytest.fixture(params=["true", "of nothing", "of one player only"])
def filled(request: pytest.FixtureRequest, sql: Sql, database: str) -> str:
    """A player with very many events, alerts and revisions; and what a planner believes about the tables."""
    if request.param == "of one player only":
        fill(sql, user=20, count=1_000)
    if request.param == "true":
        fill(sql, user=HEAVY, count=EVENTS)
    sql("ANALYZE activity_event, alert, revision, user_clock")
    if request.param != "true":
        fill(sql, user=HEAVY, count=EVENTS)
    return database


def fill(sql: Sql, *, user: int, count: int) -> None:
    for statement in FILL.values():
        sql(statement.format(user=user, count=count))


@pytest.mark.parametrize("call", CALLS)
def test_a_mark_costs_a_few_look_ups(filled: str, call: str) -> None:
    statement, values = CALLS[call]
    with closing(psycopg2.connect(filled)) as connection, connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        if statement is KEEP_MANY:
            cursor.execute("SET enable_seqscan = off")  # as a batch begins
        cursor.execute(statement.prepare)
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {statement.name} ({values})")
        [([explained],)] = cursor.fetchall()
    plan = explained["Plan"]
    read = [node for node in nodes(plan) if "Relation Name" in node and node["Node Type"] != "ModifyTable"]
    assert {node["Node Type"] for node in read} <= {"Index Scan", "Index Only Scan"}
    assert rows_read(plan) <= FEW


def test_the_look_up_of_an_import_is_by_index_too(filled: str) -> None:
    with closing(psycopg2.connect(filled)) as connection, connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {RAISED_LAST.format(users='%s')}", [[HEAVY, 9]])
        [([explained],)] = cursor.fetchall()
    assert rows_read(explained["Plan"]) <= FEW + 1  # the clocks may be read one after the other
