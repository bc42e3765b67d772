"""Events with the platform's own id: their identity, and several of a player in one second (A49)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.events.domain import EventOrder
from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

PLACES = "SELECT t, n, event_id FROM activity_event WHERE user_id = 1 ORDER BY t, n"
OPEN_FORMS = ["a", "0", "tx-1", "A.b_c:d-e", "9" * 64]
WRONG_FORMS = ["", "-a", ".a", "_a", ":a", "a b", "a/b", "ä", "a\n", "9" * 65, 7, 1.5, True, None, [], {}]


def act(client: FlaskClient, event_id: str, t: int = 10, amount: str = "50", **other: object) -> TestResponse:
    """Send an event with an id, a deposit of player 1 unless it says otherwise."""
    event = {"type": "deposit", "amount": amount, "user_id": 1, "t": t, "event_id": event_id, **other}
    return client.post("/event", json=event)


def replayed(answer: TestResponse) -> bool:
    assert answer.status_code == 200, answer.text
    return answer.headers.get("Idempotent-Replay") == "true"


def refusal(answer: TestResponse) -> str:
    """Return why an event conflicts with a stored one."""
    assert problem(answer) == (409, "duplicate-event")
    return str(answer.get_json()["detail"])


@pytest.mark.parametrize("event_id", OPEN_FORMS)
def test_an_id_is_letters_digits_and_four_signs(client: FlaskClient, sql: Sql, event_id: str) -> None:
    assert act(client, event_id).get_json() == {"alert": False, "alert_codes": [], "user_id": 1}
    assert sql(PLACES) == [(10, 0, event_id)]


@pytest.mark.parametrize("event_id", WRONG_FORMS, ids=repr)
def test_another_form_is_refused_and_named(client: FlaskClient, sql: Sql, event_id: Any) -> None:  # noqa: ANN401
    answer = act(client, event_id)
    assert problem(answer) == (400, "invalid-event")
    assert list(answer.get_json()["errors"]) == ["event_id"]
    assert sql(PLACES) == []


def test_time_is_another_name_for_t_beside_an_id_too(client: FlaskClient) -> None:
    event = {"type": "deposit", "amount": "50", "user_id": 1, "time": 10, "event_id": "a"}
    assert not replayed(client.post("/event", json=event))
    assert replayed(act(client, "a", t=10))


def test_equal_deposits_in_one_second_all_count(client: FlaskClient, sql: Sql) -> None:
    assert [codes(act(client, f"tx-{number}")) for number in range(5)] == [[], [], [], [], [123]], (
        "five times 50.00 is above 200"
    )
    assert sql(PLACES) == [(10, n, f"tx-{n}") for n in range(5)]


def test_events_of_one_second_follow_each_other_as_they_came(client: FlaskClient) -> None:
    assert codes(act(client, "a", type="withdraw", amount="1")) == []
    assert codes(act(client, "b", type="withdraw", amount="1")) == []
    assert codes(act(client, "c", type="withdraw", amount="100.01")) == [30, 1100]
    assert codes(act(client, "d", amount="1")) == [], "a deposit in between starts the count again"
    assert codes(act(client, "e", amount="2")) == []
    assert codes(act(client, "f", amount="3")) == [300]
    assert codes(act(client, "g", amount="3")) == [], "equal amounts are no rise"


def test_the_window_reaches_back_into_a_shared_second(client: FlaskClient) -> None:
    for number in range(4):
        assert codes(act(client, f"tx-{number}")) == []
    assert codes(send(client, "deposit", "0.01", 40)) == [123], "exactly 30 s later"
    assert codes(send(client, "withdraw", "1", 41)) == []


def test_the_same_event_again_gets_its_first_answer(client: FlaskClient, sql: Sql) -> None:
    first = [act(client, f"tx-{number}", amount="150").get_json() for number in range(3)]
    act(client, "later", t=50)
    for number in (2, 0, 1):
        again = act(client, f"tx-{number}", amount="150.00")
        assert (replayed(again), again.get_json()) == (True, first[number])
    assert sql("SELECT count(*), max(seq) FROM activity_event") == [(4, 4)]
    assert sql("SELECT last_t, events FROM user_clock") == [(50, 4)]


def test_a_replay_in_the_latest_second_moves_no_clock(client: FlaskClient, sql: Sql) -> None:
    act(client, "a")
    clock = sql("SELECT last_t, events, sealed FROM user_clock")
    assert replayed(act(client, "a"))
    assert sql("SELECT last_t, events, sealed FROM user_clock") == clock


DIFFERENCES: list[tuple[dict[str, Any], str]] = [
    ({"amount": "50.01"}, "amount 50.00"),
    ({"type": "withdraw"}, "type deposit"),
    ({"t": 9}, "t 10"),
    ({"t": 11}, "t 10"),
    ({"t": 11, "amount": "1", "type": "withdraw"}, "type deposit and amount 50.00 and t 10"),
]


@pytest.mark.parametrize("old", [False, True], ids=["the latest", "an old one"])
@pytest.mark.parametrize(("changed", "said"), DIFFERENCES)
def test_another_event_under_a_known_id_is_refused_saying_what_differs(
    client: FlaskClient,
    sql: Sql,
    changed: dict[str, Any],
    said: str,
    old: bool,  # noqa: FBT001
) -> None:
    act(client, "a")
    if old:
        act(client, "b", t=20)
    stored, clock = sql(PLACES), sql("SELECT * FROM user_clock")
    assert f"event_id a of player 1 is stored with {said};" in refusal(act(client, "a", **changed))
    assert (sql(PLACES), sql("SELECT * FROM user_clock")) == (stored, clock)


def test_a_second_holds_a_thousand_events(client: FlaskClient, sql: Sql) -> None:
    """A49: each event in a short window reads all of them."""

    def post(event_id: str, t: int = 10) -> TestResponse:
        event = {"type": "deposit", "amount": "1", "user_id": 1, "t": t, "event_id": event_id}
        return client.post("/event", json=event)

    codes(post("first"))
    sql(
        "INSERT INTO activity_event (user_id, t, n, event_id, type, amount, alert_codes)"
        " VALUES (1, 10, 998, 'last but one', 'deposit', 1, '{}')"
    )
    codes(post("last"))
    for _ in range(2):
        assert problem(post("more")) == (409, "second-full")
    assert post("last").headers["Idempotent-Replay"] == "true"
    assert sql("SELECT last_t, events FROM user_clock") == [(10, 2)]
    codes(post("more", t=11))


def test_an_id_is_of_one_player(client: FlaskClient) -> None:
    assert not replayed(act(client, "a"))
    assert not replayed(act(client, "a", user_id=2, amount="1"))


@pytest.mark.parametrize("old", [False, True], ids=["the latest", "an old one"])
def test_an_event_without_an_id_has_its_second_to_itself(client: FlaskClient, sql: Sql, old: bool) -> None:  # noqa: FBT001
    codes(send(client, "deposit", "50", 10))
    if old:
        send(client, "deposit", "1", 20)
    assert "an event without an event_id of player 1 is stored at t 10" in refusal(act(client, "a"))
    assert len(sql(PLACES)) == 1 + old


@pytest.mark.parametrize("old", [False, True], ids=["the latest", "an old one"])
def test_it_gets_no_second_in_which_events_have_ids(client: FlaskClient, sql: Sql, old: bool) -> None:  # noqa: FBT001
    act(client, "a")
    if old:
        act(client, "b", t=20)
    assert "an event with an event_id of player 1 is stored at t 10" in refusal(send(client, "deposit", "50", 10))
    assert len(sql(PLACES)) == 1 + old


def test_an_unknown_id_below_the_latest_t_is_out_of_order(client: FlaskClient) -> None:
    act(client, "a")
    act(client, "b", t=20)
    for t in (9, 10, 19):
        answer = act(client, "late", t=t)
        assert problem(answer) == (400, "out-of-order")
        assert "20, the latest of player 1" in answer.get_json()["detail"]
    assert not replayed(act(client, "late", t=20))


def test_a_stored_event_is_replayed_before_the_register_and_the_clock_are_asked(app_with: AppWith) -> None:
    """A11, A31."""
    act(app_with().test_client(), "a")
    strict = app_with(registered_users_only=True).test_client()
    assert replayed(act(strict, "a"))
    assert "amount" in refusal(act(strict, "a", amount="1"))
    assert problem(act(strict, "b")) == (404, "unknown-user")
    far = 10**12
    act(app_with().test_client(), "far", t=far)
    bounded = app_with(t_ahead=300).test_client()
    assert replayed(act(bounded, "far", t=far))
    assert problem(act(bounded, "farther", t=far)) == (400, "t-in-the-future")


@pytest.mark.settings(event_order=EventOrder.SYSTEM)
def test_with_the_systems_order_a_second_is_shared_by_events_of_one_player(client: FlaskClient, sql: Sql) -> None:
    """A7."""
    assert [codes(act(client, f"tx-{number}")) for number in range(5)][-1] == [123]
    assert "another player's event is stored at t 10" in refusal(act(client, "other", user_id=2))
    assert problem(act(client, "early", t=9, user_id=2)) == (400, "out-of-order")
    assert not replayed(act(client, "other", t=11, user_id=2))
    assert problem(act(client, "late")) == (400, "out-of-order"), "another player's came in between"
    assert replayed(act(client, "tx-3"))
    assert "without an event_id" not in refusal(send(client, "deposit", "1", 11))
    assert sql("SELECT user_id, last_t FROM user_clock ORDER BY 1") == [(0, 11), (1, 10), (2, 11)]


@pytest.mark.settings(event_order=EventOrder.SYSTEM)
def test_with_the_systems_order_too_an_event_without_an_id_has_its_second(client: FlaskClient) -> None:
    codes(send(client, "deposit", "1", 10))
    assert "without an event_id" in refusal(act(client, "a"))
    assert "with an event_id" in (act(client, "a", t=11), refusal(send(client, "deposit", "1", 11)))[1]


@pytest.mark.parametrize("event_order", EventOrder)
def test_many_players_at_once_keep_the_order(app_with: AppWith, sql: Sql, event_order: EventOrder) -> None:
    app = app_with(event_order=event_order)

    def play(place: int) -> TestResponse:
        return act(app.test_client(), f"tx-{place}", t=place // 16, amount="1", user_id=place // 4 % 4 + 1)

    with ThreadPoolExecutor(16) as threads:
        statuses = {answer.status_code for answer in threads.map(play, range(96))}
    assert 200 in statuses
    assert statuses <= {200, 400, 409}
    numbers = sql("SELECT count(*), count(DISTINCT seq), max(seq) FROM activity_event GROUP BY user_id")
    assert all(count == distinct == last for count, distinct, last in numbers)
    shared = sql("SELECT t FROM activity_event GROUP BY t HAVING count(DISTINCT user_id) > 1")
    assert event_order is EventOrder.USER or shared == []


def test_the_log_names_the_event(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    act(client, "tx-1")
    act(client, "tx-2")
    send(client, "deposit", "1", 11)
    lines = [line for line in capfd.readouterr().err.splitlines() if '"event": "event"' in line]
    assert ['"event_id": "tx-1", "n": 0' in lines[0], '"event_id": "tx-2", "n": 1' in lines[1]] == [True, True]
    assert "event_id" not in lines[2]
