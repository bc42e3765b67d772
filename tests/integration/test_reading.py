"""Reading back: stored events page by page, and their totals."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.events.domain import Decision
from app.events.queries import EventQueries
from app.events.reading.controllers import activity_of, events_of
from app.events.reading.domain import Moment, PageQuery, StoredDecision
from app.rules.event import ActivityEvent, EventType
from lib.database import Database
from tests.builders import deposit, withdraw
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql, run_sql
from tests.integration.wiring import wiring

END = 2**63 - 1
MOMENTS = st.builds(Moment, st.integers(0, 12) | st.integers(END - 3, END), st.integers(0, 2))
CODES = st.sets(st.sampled_from([30, 123, 300, 1100]), max_size=4).map(lambda met: tuple(sorted(met)))
JUDGED = st.tuples(st.sampled_from([deposit, withdraw]), st.integers(1, 9), CODES)
UNNAMED = {"n": 0, "event_id": None}
Judged = tuple[Callable[..., ActivityEvent], int, tuple[int, ...]]
STORED = st.dictionaries(MOMENTS, JUDGED, max_size=16)


def answered(*codes: int) -> dict[str, object]:
    """Return what an event has that nothing became known of since its answer."""
    return {"alert_codes": [*codes], "believed_codes": [*codes], "late": False, "amended": False}


@pytest.fixture
def database_handle(app_with: AppWith) -> Database:
    handle: Database = wiring(app_with()).database
    return handle


def walk(database: Database, limit: int, code: int | None) -> Iterator[StoredDecision]:
    """Read all pages of player 1, as a client would."""
    before: Moment | None = None
    while True:
        page = events_of(database, 1, PageQuery(limit=limit, before=before, code=code))
        yield from page.events
        if page.next_before is None:
            return
        assert len(page.events) == limit
        before = page.next_before


def at(event: ActivityEvent, n: int) -> ActivityEvent:
    """Give an event its place in its second, and an id if it may need one there."""
    return replace(event, n=n, event_id=f"{event.t}-{n}" if n else None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=STORED, limit=st.integers(1, 5))
def test_the_pages_equal_one_sorted_list(
    database_handle: Database, database: str, stored: dict[Moment, Judged], limit: int
) -> None:
    run_sql(database, "TRUNCATE activity_event")
    decisions = [
        Decision(event=at(kind(str(amount), t), n), alert_codes=met, edition=1)
        for (t, n), (kind, amount, met) in sorted(stored.items(), key=itemgetter(0))
    ]
    with database_handle.transaction() as current:
        for decision in [*decisions, Decision(event=deposit("9", 5, user_id=2), alert_codes=(30, 1100), edition=1)]:
            EventQueries(current).store(decision, seq=1)
        current.commit()
    decisions.reverse()
    for code in (None, 30, 123, 300, 1100, 5):
        expected = [each for each in decisions if code is None or code in each.alert_codes]
        assert [each.decision for each in walk(database_handle, limit, code)] == expected
    check_activity(database_handle, decisions)


def check_activity(database: Database, newest_first: list[Decision]) -> None:
    activity = activity_of(database, 1)
    latest = newest_first[0] if newest_first else None
    assert activity.latest_t == (latest.event.t if latest else None)
    assert activity.alert_codes == (latest.alert_codes if latest else ())
    for kind, total in ((EventType.DEPOSIT, activity.deposits), (EventType.WITHDRAW, activity.withdrawals)):
        amounts = [each.event.amount for each in newest_first if each.event.type is kind]
        assert (total.count, total.total) == (len(amounts), sum(amounts, Decimal(0)))


def test_a_page_lists_events_as_they_were_answered(client: FlaskClient) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    assert codes(send(client, "deposit", "42", 10)) == []
    assert codes(send(client, "withdraw", "150.5", 20)) == [1100]
    answer = client.get("/users/1/events")
    assert answer.status_code == 200
    page = answer.get_json()
    for event in page["events"]:
        received = event.pop("received_at")
        assert received.endswith("Z")
        assert began <= datetime.fromisoformat(received) <= datetime.now(UTC)
    assert page == {
        "events": [
            {"type": "withdraw", "amount": "150.50", "user_id": 1, "t": 20, **UNNAMED, **answered(1100)},
            {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10, **UNNAMED, **answered()},
        ],
        "next_before": None,
    }


def test_the_summary_of_a_player(client: FlaskClient) -> None:
    for event in [("deposit", "42", 10), ("deposit", "0.01", 11), ("withdraw", "150.5", 20)]:
        send(client, *event)
    assert client.get("/users/1").get_json() == {
        "user_id": 1,
        "latest_t": 20,
        "latest_n": 0,
        "latest_event_id": None,
        "alert_codes": [1100],
        "believed_codes": [1100],
        "deposits": {"count": 2, "total": "42.01"},
        "withdrawals": {"count": 1, "total": "150.50"},
        "withdraws": {"count": 1, "total": "150.50"},
    }


def test_the_greatest_amounts_add_up_exactly(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, 'deposit', 999999999999.99, '{}' FROM generate_series(1, 20000) AS n"
    )
    sql("INSERT INTO user_clock VALUES (1, 20000)")
    assert client.get("/users/1").get_json()["deposits"] == {"count": 20000, "total": "19999999999999800.00"}


def test_a_long_history_is_summed_once_and_then_updated(client: FlaskClient, sql: Sql) -> None:
    """A38."""
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, CASE n % 3 WHEN 0 THEN 'withdraw' ELSE 'deposit' END::activity_type, n, '{}'"
        " FROM generate_series(1, 50000) AS n"
    )
    sql("INSERT INTO user_clock VALUES (1, 50000)")
    expected = {
        "deposits": {"count": 33334, "total": "833366667.00"},
        "withdrawals": {"count": 16666, "total": "416658333.00"},
    }
    for _ in range(2):
        body = client.get("/users/1").get_json()
        assert {name: body[name] for name in expected} == expected
    assert sql("SELECT counted_t FROM user_total") == [(50000,)]
    codes(send(client, "deposit", "0.50", 60001))
    codes(send(client, "withdraw", "100", 60002))
    body = client.get("/users/1").get_json()
    assert (body["latest_t"], body["alert_codes"]) == (60002, [])
    assert body["deposits"] == {"count": 33335, "total": "833366667.50"}
    assert body["withdrawals"] == {"count": 16667, "total": "416658433.00"}


def test_a_partial_sum_is_kept_for_the_next_request(
    client: FlaskClient, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A38."""
    monkeypatch.setattr("app.events.reading.controllers.MAX_STEPS", 2)
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, 'deposit', 1, '{}' FROM generate_series(1, 60000) AS n"
    )
    sql("INSERT INTO user_clock VALUES (1, 60000)")
    answer = client.get("/users/1")
    assert problem(answer) == (503, "still-adding-up")
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/users/1").get_json()["deposits"] == {"count": 60000, "total": "60000.00"}


def test_reading_does_not_wait_for_events_in_progress(client: FlaskClient, sql: Sql, database: str) -> None:
    """A38: and what is not added up under the lock of the clock is not added up."""
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, 'deposit', 1, '{}' FROM generate_series(1, 2000) AS n"
    )
    sql("INSERT INTO user_clock VALUES (1, 2000)")
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM user_clock WHERE user_id = 1 FOR UPDATE")
        assert problem(client.get("/users/1")) == (503, "still-adding-up")
        assert sql("SELECT FROM user_total") == []
    assert client.get("/users/1").get_json()["deposits"]["count"] == 2000


def test_events_of_a_code_are_listed_whatever_other_codes_they_raised(
    database_handle: Database, client: FlaskClient, sql: Sql
) -> None:
    """A38: a page may have fewer entries than requested, or none, and there may still be a next one."""
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, 'deposit', 1, CASE WHEN n IN (3, 4, 16000, 25000) THEN ARRAY[7, 10000 + n]"
        " ELSE ARRAY[10000 + n] END FROM generate_series(1, 25000) AS n"
    )
    for limit, pages in ((1, [[25000], [16000], [], [4], [3]]), (200, [[25000, 16000], [], [4, 3]])):
        read: list[list[int]] = []
        before = None
        while not read or before is not None:
            page = events_of(database_handle, 1, PageQuery(limit=limit, before=before, code=7))
            read.append([each.decision.event.t for each in page.events])
            before = page.next_before
        assert read == pages
    assert client.get("/users/1/events?code=7").get_json()["next_before"] == 15001


@pytest.mark.parametrize("user_id", [5, END])
def test_a_player_without_events_has_zeros_and_an_empty_page(client: FlaskClient, user_id: int) -> None:
    """A22."""
    nothing = {"count": 0, "total": "0.00"}
    assert client.get(f"/users/{user_id}").get_json() == {
        "user_id": user_id,
        "latest_t": None,
        "latest_n": None,
        "latest_event_id": None,
        "alert_codes": [],
        "believed_codes": [],
        "deposits": nothing,
        "withdrawals": nothing,
        "withdraws": nothing,
    }
    assert client.get(f"/users/{user_id}/events").get_json() == {"events": [], "next_before": None}


def test_a_page_has_50_events_by_default(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO activity_event (user_id, t, type, amount, alert_codes)"
        " SELECT 1, n, 'deposit', 1, '{}' FROM generate_series(1, 250) AS n"
    )
    assert len(client.get("/users/1/events").get_json()["events"]) == 50
    longest = client.get("/users/1/events?limit=200").get_json()
    assert [event["t"] for event in longest["events"]] == list(range(250, 50, -1))
    assert longest["next_before"] == 51
    rest = client.get("/users/1/events?limit=200&before=51").get_json()
    assert [event["t"] for event in rest["events"]] == list(range(50, 0, -1))
    assert rest["next_before"] is None
    assert client.get("/users/1/events?limit=50&before=51").get_json()["next_before"] is None, "just so many are left"
    assert client.get("/users/1/events?before=1").get_json() == {"events": [], "next_before": None}
    assert client.get("/users/1/events?before=0").get_json() == {"events": [], "next_before": None}


@pytest.mark.parametrize("user_id", ["0", "-1", "9223372036854775808", "x", "1.0", "01", "+1", "%201", "٤", "9" * 5000])
@pytest.mark.parametrize("path", ["/users/{}", "/users/{}/events"])
def test_an_invalid_user_id_is_not_found(client: FlaskClient, path: str, user_id: str) -> None:
    assert problem(client.get(path.format(user_id))) == (404, "not-found")


WRONG = [
    *(("limit", value) for value in ("0", "201", "-1", "", "x", "1.0", "1e1", "+1", "%201", "%D9%A5", "9" * 40)),
    *(("before", value) for value in ("-1", "9223372036854775808", "", "null")),
    *(("code", value) for value in ("0", "2147483648", "", "30,300")),
    ("after", "1"),
    ("Limit", "1"),
    ("", "1"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_invalid_parameter_is_named(client: FlaskClient, name: str, value: str) -> None:
    answer = client.get(f"/users/1/events?{name}={value}")
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == [name]


def test_a_parameter_given_twice_is_refused(client: FlaskClient) -> None:
    answer = client.get("/users/1/events?limit=1&before=5&limit=1")
    assert problem(answer) == (400, "invalid-request")
    assert answer.get_json()["errors"] == {"limit": ["Was given twice."]}


def test_the_summary_refuses_parameters(client: FlaskClient) -> None:
    answer = client.get("/users/1?limit=1")
    assert problem(answer) == (400, "invalid-request")
    assert list(answer.get_json()["errors"]) == ["limit"]


@pytest.mark.parametrize("parameters", ["limit=1", "limit=200", "before=0", f"before={END}", f"code={2**31 - 1}"])
def test_the_bounds_of_parameters_are_inclusive(client: FlaskClient, parameters: str) -> None:
    assert client.get(f"/users/1/events?{parameters}").status_code == 200


@pytest.fixture
def closed(app_with: AppWith) -> APIFlask:
    return app_with(access=Access.KEYS)


@pytest.mark.parametrize("path", ["/users/1", "/users/1/events"])
@pytest.mark.parametrize("scope", Scope)
def test_reading_back_requires_its_scope(closed: APIFlask, scope: Scope, path: str) -> None:
    key = create_key(wiring(closed).database, "test", [scope], None)
    answer = closed.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == (200 if scope is Scope.EVENTS_READ else 403)
