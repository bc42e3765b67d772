"""Late events are answered by what lies before them, and later events are judged again (A51)."""

from itertools import count

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testkit.oracle import Event
from testkit.player_log import PlayerLog
from tests.integration.clients import codes, send
from tests.integration.conftest import AppWith, Sql

PLAYERS = count(1)
DAY = 24 * 3600
EVENTS = st.lists(
    st.builds(
        Event,
        type=st.sampled_from(["deposit", "withdraw"]),
        amount=st.sampled_from(["50", "90.00", "101", "150"]),
        user_id=st.just(0),
        t=st.integers(0, 50),
        event_id=st.none() | st.sampled_from("abcdefgh"),
    ),
    max_size=16,
)


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(late_events="keep")


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


def test_a_late_event_is_judged_by_what_lies_before_it(client: FlaskClient) -> None:
    send(client, "withdraw", "10", 10)
    send(client, "withdraw", "10", 30)
    late = send(client, "withdraw", "10", 20)
    assert codes(late) == []
    assert late.headers["Late-Event"] == "true"


def test_it_finds_later_codes(client: FlaskClient, sql: Sql) -> None:
    for t in (10, 30):
        send(client, "withdraw", "10", t)
    send(client, "withdraw", "10", 20)
    assert sql("SELECT t, n, no, codes_before, codes_after FROM revision") == [(30, 0, 1, [], [30])]
    assert sql("SELECT t, code FROM alert") == [(30, 30)]


@given(events=EVENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_arrival(client: FlaskClient, sql: Sql, events: list[Event]) -> None:
    user, log = next(PLAYERS), PlayerLog(horizon=7 * DAY)
    for event in events:
        body = {**event.body(), "user_id": user}
        answer = client.post("/event", json=body)
        expected = log.take(event)
        assert answer.status_code == expected.status, answer.text
        if expected.status == 200:
            assert codes(answer) == expected.codes
    found = sql(
        "SELECT DISTINCT ON (t, n) t, n, codes_after FROM revision WHERE user_id = %s ORDER BY t, n, no DESC", user
    )
    rows = {(t, n): believed for t, n, believed in found}
    stored = sql("SELECT t, n, event_id, alert_codes FROM activity_event WHERE user_id = %s ORDER BY t, n", user)
    believed = [(t, event_id, rows.get((t, n), first)) for t, n, event_id, first in stored]
    assert believed == [(each.t, each.event_id, codes_) for each, codes_ in log.believed()]
