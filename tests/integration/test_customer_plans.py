"""A customer's page reads by indexes, and no further than its bounds, whatever the customer has."""

import pytest

from app.customers.queries import BY_HASH, MARKS, MONEY, PERSON
from lib.statements import Statement
from tests.integration.conftest import Sql
from tests.integration.query_plans import explained, nodes, rows_read

HEAVY, OTHERS = 7, 400
EVENTS, ALERTS, BOUND, KINDS = 40_000, 20_000, 1_000, 3
STATISTICS = {"true": "heavy others", "of nothing": "", "of others only": "others", "of the customer only": "heavy"}


@pytest.fixture(params=STATISTICS.values(), ids=list(STATISTICS))
def customers(request: pytest.FixtureRequest, sql: Sql, database: str) -> str:
    """A customer with very many events and alerts, many others with few, and what a planner believes of them."""
    events = "INSERT INTO activity_event (user_id, t, type, amount, alert_codes) SELECT"
    alerts = "INSERT INTO alert (user_id, t, code, edition, shadow, evidence) SELECT"
    kind = "(ARRAY['deposit', 'deposit', 'withdraw'])[1 + n % 3]::activity_type"
    parts = {
        "others": [
            f"{events} 1000 + n % {OTHERS}, n, {kind}, 1, '{{}}' FROM generate_series(1, 8000) AS n",
            f"{alerts} 1000 + n % {OTHERS}, n, 30, 1, false, '{{}}' FROM generate_series(1, 8000) AS n",
        ],
        "heavy": [
            f"{events} {HEAVY}, n, {kind}, 1, '{{}}' FROM generate_series(1, {EVENTS}) AS n",
            f"{alerts} {HEAVY}, n, 30 + n % {KINDS}, 1, false, '{{}}' FROM generate_series(1, {ALERTS}) AS n",
        ],
    }
    known = request.param.split()
    for part in known:
        for each in parts[part]:
            sql(each)
    sql("ANALYZE activity_event, alert")
    for part in parts.keys() - set(known):
        for each in parts[part]:
            sql(each)
    sql("VACUUM activity_event, alert")
    sql("INSERT INTO user_clock (user_id, last_t) VALUES (%s, %s)", HEAVY, EVENTS)
    return database


def read(url: str, statement: Statement, values: str, settings: str = "") -> tuple[float, set[str], set[str]]:
    """Return how many rows a statement reads, by which kinds of nodes, and from which indexes."""
    plan = explained(url, f"SET enable_seqscan = off; {settings}{statement.prepare}", f"{statement.name} ({values})")
    assert not (settings and [node for node in nodes(plan) if node["Node Type"] == "Sort"]), "hashed"
    scans = [node for node in nodes(plan) if "Relation Name" in node]
    return rows_read(plan), {node["Node Type"] for node in scans}, {node["Index Name"] for node in scans}


def test_each_statement_reads_by_its_index_and_up_to_its_bound(customers: str) -> None:
    rows, kinds, indexes = read(customers, MONEY, f"{HEAVY}, '{{10, 20, {EVENTS}}}', {BOUND}", f"{BY_HASH.sql}; ")
    assert (kinds, indexes) == ({"Index Only Scan"}, {"ix_activity_event_user_id_type_t_n"})
    assert rows <= 4 * BOUND
    rows, kinds, indexes = read(customers, MARKS, f"{HEAVY}, '{{10, 20, {ALERTS}}}', 10, {BOUND}")
    assert (kinds, indexes) == ({"Index Only Scan"}, {"pk_alert"})
    assert rows <= KINDS * BOUND + 3 * KINDS
    rows, kinds, _ = read(customers, PERSON, str(HEAVY))
    assert kinds <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
    assert rows <= 5
