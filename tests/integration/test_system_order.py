"""EVENT_ORDER=system: `t` rises across all players (A7)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from app.events.domain import EventOrder
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

pytestmark = pytest.mark.settings(event_order=EventOrder.SYSTEM)


def test_t_rises_across_all_players(client: FlaskClient) -> None:
    codes(send(client, "deposit", "1", 10, user_id=1))
    codes(send(client, "deposit", "1", 11, user_id=2))
    codes(send(client, "deposit", "1", 12, user_id=1))


def test_the_latest_t_of_another_player_is_a_duplicate(client: FlaskClient) -> None:
    send(client, "deposit", "1", 10, user_id=1)
    assert problem(send(client, "deposit", "1", 10, user_id=2)) == (409, "duplicate-event")


def test_a_t_below_the_system_clock_is_out_of_order(client: FlaskClient) -> None:
    send(client, "deposit", "1", 10, user_id=1)
    answer = send(client, "deposit", "1", 9, user_id=2)
    assert problem(answer) == (400, "out-of-order")
    assert "10" in answer.get_json()["detail"]


def test_a_replay_is_recognised_before_the_order_is_checked(client: FlaskClient) -> None:
    first = send(client, "deposit", "201", 10, user_id=1)
    send(client, "deposit", "1", 11, user_id=2)
    again = send(client, "deposit", "201", 10, user_id=1)
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.get_json() == first.get_json()
    assert problem(send(client, "deposit", "202", 10, user_id=1)) == (409, "duplicate-event")


def test_switched_on_later_the_system_clock_starts_at_the_greatest_t(app_with: AppWith, sql: Sql) -> None:
    by_user = app_with().test_client()
    send(by_user, "deposit", "1", 100, user_id=1)
    send(by_user, "deposit", "1", 50, user_id=2)
    by_system = app_with(event_order=EventOrder.SYSTEM).test_client()
    assert problem(send(by_system, "deposit", "1", 99, user_id=2)) == (400, "out-of-order")
    assert codes(send(by_system, "deposit", "1", 101, user_id=2)) == []
    send(by_user, "deposit", "1", 200, user_id=1)
    again_by_system = app_with(event_order=EventOrder.SYSTEM).test_client()
    assert problem(send(again_by_system, "deposit", "1", 150, user_id=3)) == (400, "out-of-order")
    assert sql("SELECT last_t FROM user_clock WHERE user_id = 0") == [(200,)]


def test_a_refusal_does_not_move_the_clock(client: FlaskClient, sql: Sql) -> None:
    send(client, "deposit", "1", 10, user_id=1)
    send(client, "deposit", "1", 9, user_id=2)
    assert sql("SELECT user_id, last_t FROM user_clock ORDER BY 1") == [(0, 10), (1, 10)]


def test_concurrent_events_are_stored_in_one_rising_order(app_with: AppWith, sql: Sql) -> None:
    app = app_with(event_order=EventOrder.SYSTEM)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda t: send(app.test_client(), "deposit", "1", t, user_id=t % 4 + 1), range(64)))
    assert {answer.status_code for answer in answers} <= {200, 400}
    stored = [row[0] for row in sql("SELECT t FROM activity_event ORDER BY received_at, t")]
    assert len(stored) == sum(answer.status_code == 200 for answer in answers)
    assert sql("SELECT last_t FROM user_clock WHERE user_id = 0") == [(63,)]
