"""The queue at 100,000 cases: every page and count by an index, no further than it goes; and what each tab has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.cases import controllers, reading
from app.cases.domain import Status
from app.cases.refusals import WrongCursor
from app.cases.requests import Filters, QueueQuery, Sort, Tab
from app.datastores import db
from app.rules.meaning import Strength
from app.staff.permissions import Actor, Role
from tests.integration.casework import STRONG_CODE, Casework, casework_of, member, seen
from tests.integration.conftest import Sql
from tests.integration.query_plans import nodes, rows_read

MANY = 100_000
PAGE = 50
BY_AN_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
# Of each twenty cases: seven new, five in review, two monitored, two snoozed, four closed.
CASES = """
    INSERT INTO care_case (
        user_id, status, strength, priority, codes, alert_count, opened_at, last_alert_at, due_at, assignee,
        snoozed_until, outcome, closed_at, version, events
    )
    SELECT n, status, CASE WHEN n % 50 = 0 THEN 'strong' ELSE 'normal' END, (n * 7) % 4, ARRAY[30 + n % 5], 1,
        now() - interval '1 second' * n, now() - interval '1 second' * ((n * 31) % 100000),
        now() + interval '1 second' * ((n * 17) % 100000 - 2000),
        CASE WHEN status = 'in_review' THEN staff[1 + n % 3] END,
        CASE WHEN n % 20 IN (14, 15) THEN now() + interval '1 second' * (n % 5000) END,
        CASE WHEN status = 'closed' THEN 'no_concern' END,
        CASE WHEN status = 'closed' THEN now() - interval '1 second' * ((n * 13) % 100000) END, 1, 1
    FROM generate_series(1, MANY) AS n, (SELECT array_agg(id) AS staff FROM staff_account) AS people,
        LATERAL (SELECT (ARRAY['new','new','new','new','new','new','new','in_review','in_review','in_review',
            'in_review','in_review','monitoring','monitoring','new','in_review','closed','closed','closed','closed'
        ])[1 + n % 20] AS status) AS of_case
"""


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def ann(sql: Sql) -> Actor:
    return member(sql, "Ann", Role.ANALYST)


@pytest.fixture
def ben(sql: Sql) -> Actor:
    return member(sql, "Ben", Role.ANALYST)


def listed(work: Casework, who: Actor, tab: Tab, **more: Any) -> list[int]:  # noqa: ANN401  # of a query
    """Return the players of a tab, from page to page."""
    found: list[int] = []
    after: str | None = None
    while True:
        page = reading.queue(work.services, who, QueueQuery(tab=tab, after=after, limit=2, **more))
        found += [row.case.user_id for row in page.rows]
        after = page.next_after
        if after is None:
            return found


def test_what_each_tab_has(work: Casework, ann: Actor, ben: Actor, sql: Sql) -> None:
    until = datetime.now(UTC) + timedelta(days=2)
    for user_id in range(1, 8):
        work.alert(user_id, code=STRONG_CODE if user_id == 2 else 30)
    work.attach()
    cases = {user_id: work.case_of(user_id) for user_id in range(1, 8)}
    taken = {
        user_id: controllers.take(work.services, who, seen(cases[user_id]))
        for user_id, who in ((3, ann), (4, ben), (5, ann), (6, ann))
    }
    controllers.wait_for_effect(work.services, ann, seen(taken[5]), evaluate_at=until)
    controllers.snooze(work.services, ann, seen(taken[6]), until=until, reason="known")
    sql("UPDATE care_case SET due_at = now() - interval '1 second' WHERE user_id = 1")
    sql("UPDATE care_case SET status = 'closed', outcome = 'informed', closed_at = now() WHERE user_id = 7")
    expected = {
        Tab.NEW: [2, 1],
        Tab.MINE: [3],
        Tab.TEAM: [3, 4],
        Tab.MONITORING: [5],
        Tab.SNOOZED: [6],
        Tab.OVERDUE: [1],
        Tab.STRONG: [2],
        Tab.CLOSED: [7],
    }
    assert {tab: listed(work, ann, tab) for tab in Tab} == expected
    counts = reading.queue(work.services, ann, QueueQuery(tab=Tab.NEW)).counts
    assert counts == {tab: len(players) for tab, players in expected.items()}


def test_filters_narrow_a_tab(work: Casework, ann: Actor) -> None:
    for user_id, code in ((1, 30), (2, STRONG_CODE), (3, 30)):
        work.alert(user_id, code=code)
    work.alert(3, 11, 123)
    work.attach()
    for filters, players in (
        (Filters(code=30), [3, 1]),
        (Filters(code=5), []),
        (Filters(priority=1), [3]),
        (Filters(strength=Strength.STRONG), [2]),
        (Filters(user_id=1), [1]),
        (Filters(user_id=1, code=123), []),
    ):
        assert listed(work, ann, Tab.NEW, filters=filters) == players, filters
    assert listed(work, ann, Tab.NEW, sort=Sort.LATEST) == [3, 2, 1]


def test_a_row_says_who_has_the_case_and_how_many_there_were_in_30_days(work: Casework, ann: Actor, sql: Sql) -> None:
    for t in (10, 11, 12):
        case = controllers.take(work.services, ann, seen(work.opened(7, t)))
        sql("UPDATE care_case SET status = 'closed', outcome = 'informed', closed_at = now() WHERE id = %s", case.id)
    sql("UPDATE care_case SET opened_at = opened_at - interval '31 days' WHERE id = (SELECT min(id) FROM care_case)")
    last = controllers.take(work.services, ann, seen(work.opened(7, 13)))
    [row] = reading.queue(work.services, ann, QueueQuery(tab=Tab.MINE)).rows
    assert (row.case.id, row.nth, row.assignee) == (last.id, 3, "Ann")


def test_how_many_cases_got_alerts_since_one_looked(work: Casework, ann: Actor) -> None:
    work.opened(1)
    query = QueueQuery(tab=Tab.NEW)
    looked_at = reading.queue(work.services, ann, query).now
    assert reading.newer(work.services, ann, query, looked_at) == 0
    work.opened(2)
    assert reading.newer(work.services, ann, query, looked_at) == 1


@pytest.mark.parametrize("cursor", ["", "1", "1~2", "1~x~3", "1~2026-11-28T07:00:00~3", "1~2026-11-28T07:00:00Z~-3"])
def test_a_page_begins_where_one_ended(work: Casework, ann: Actor, cursor: str) -> None:
    with pytest.raises(WrongCursor):
        reading.queue(work.services, ann, QueueQuery(tab=Tab.NEW, after=cursor))


def test_how_far_the_worker_is(work: Casework, ann: Actor, sql: Sql) -> None:
    assert reading.attached(work.services, ann).waiting == 0
    work.alert(1)
    sql("UPDATE alert_feed SET at = at - interval '1 minute'")
    state = reading.attached(work.services, ann)
    assert (state.waiting, state.number, state.began) == (1, 0, 0)
    assert 60 <= state.oldest < 90
    work.attach()
    assert reading.attached(work.services, ann).waiting == 0


@pytest.fixture
def many(ann: Actor, ben: Actor, sql: Sql) -> Sequence[Actor]:
    """A hundred thousand cases."""
    people = [ann, ben, member(sql, "Cid", Role.ANALYST)]
    sql(CASES.replace("MANY", str(MANY)))
    sql("ANALYZE care_case")
    return people


@contextmanager
def explaining(app: APIFlask, database: str) -> Iterator[list[dict[str, Any]]]:
    """Collect the plans of all statements that SQLAlchemy runs meanwhile, as carried out again by themselves."""
    plans: list[dict[str, Any]] = []
    with app.app_context():
        engine = db.engine

    def explain(_: object, cursor: Any, statement: str, values: Any, *__: object) -> None:  # noqa: ANN401
        if "care_case" in statement and statement.startswith("SELECT"):
            with psycopg2.connect(database) as other, other.cursor() as own:
                own.execute("SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0")
                own.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + cursor.mogrify(statement, values).decode())
                [([plan],)] = own.fetchall()
                plans.append(dict(plan["Plan"]))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def assert_by_index(plans: Sequence[dict[str, Any]], rows: float, of: str, most_sorted: int = PAGE + 1) -> None:
    assert plans, of
    for plan in plans:
        read = [node for node in nodes(plan) if node.get("Relation Name") == "care_case"]
        assert read, of
        assert all(node["Node Type"] in BY_AN_INDEX for node in read), (of, [each["Node Type"] for each in read])
        assert "Sort" not in {node["Node Type"] for node in nodes(plan) if node["Actual Rows"] > most_sorted}, of
        assert rows_read(plan) <= rows, (of, rows_read(plan))


def test_every_page_and_every_count_is_read_by_an_index(
    app: APIFlask, work: Casework, many: Sequence[Actor], database: str
) -> None:
    for tab in Tab:
        for sort in Sort:
            query = QueueQuery(tab=tab, sort=sort, limit=PAGE)
            first = reading.queue(work.services, many[0], query)
            assert len(first.rows) == PAGE, tab
            for after in (None, first.next_after):
                with explaining(app, database) as plans:
                    reading.queue(work.services, many[0], QueueQuery(tab=tab, sort=sort, limit=PAGE, after=after))
                [page, counts] = plans
                assert_by_index([page], 3.0 * (PAGE + 1) + 1, f"{tab} {sort} {after}")
                assert_by_index([counts], 8.0 * 100, f"{tab} counts")


def test_claiming_waking_and_one_player_are_read_by_an_index(
    app: APIFlask, work: Casework, many: Sequence[Actor], database: str
) -> None:
    with explaining(app, database) as plans:
        claimed = controllers.claim_next(work.services, many[0])
    assert claimed is not None
    assert_by_index(plans, 2, "claim")
    with explaining(app, database) as plans:
        work.wake()
    assert_by_index([plan for plan in plans if plan["Node Type"] != "ModifyTable"], 400, "wake", 200)
    with explaining(app, database) as plans:
        work.page(claimed.id)
    assert_by_index(plans, 4, "page")
    # A code is looked for in the order of the list: a rare one may take the whole tab, and no more than that.
    for filters, rows in (
        (Filters(user_id=claimed.user_id), 8),
        (Filters(priority=2), 4 * PAGE),
        (Filters(code=31), MANY * 0.4),
    ):
        with explaining(app, database) as plans:
            reading.queue(work.services, many[0], QueueQuery(tab=Tab.NEW, filters=filters, limit=PAGE))
        assert_by_index(plans[:1], rows, str(filters))


def test_a_page_of_the_queue_and_of_a_case_take_few_statements(app: APIFlask, work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    with app.app_context():
        engine = db.engine
    counted: list[str] = []

    def listener(_: object, __: object, statement: str, *___: object) -> None:
        counted.append(statement)

    event.listen(engine, "before_cursor_execute", listener)
    reading.queue(work.services, ann, QueueQuery(tab=Tab.NEW))
    queue = len(counted)
    reading.case_page(work.services, ann, case.id)
    page = len(counted) - queue
    event.remove(engine, "before_cursor_execute", listener)
    assert queue <= 3
    assert page <= 7


@pytest.mark.parametrize("query", ["", "?status=new", "?user=7", "?status=closed&user=7", "?limit=1&before=99999999"])
def test_cases_over_http(client: FlaskClient, work: Casework, ann: Actor, query: str) -> None:
    closed = controllers.take(work.services, ann, seen(work.opened(8)))
    work.opened(7)
    found = client.get(f"/cases{query}").get_json()["cases"]
    expected: list[int] = [] if "closed" in query else [7] if query else [7, 8]
    assert [case["user_id"] for case in found] == expected
    one = client.get(f"/cases/{closed.id}").get_json()
    assert [one["status"], one["assignee"]] == [Status.IN_REVIEW.value, ann.staff_id]
    assert [each["step"] for each in one["events"]] == ["open", "take"]
    assert one["events"][1]["who"] == ann.name


def test_pages_of_cases_over_http(client: FlaskClient, work: Casework) -> None:
    for user_id in range(1, 6):
        work.alert(user_id)
    work.attach()
    found: list[int] = []
    before = ""
    while True:
        page = client.get(f"/cases?limit=2{before}").get_json()
        found += [case["user_id"] for case in page["cases"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert found == [5, 4, 3, 2, 1]
    assert client.get("/cases?status=open").status_code == 400
