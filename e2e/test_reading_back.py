"""Reading back: a player's events as the service shows them, compared with what was sent and answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from e2e.pages import events_of, read
from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_INTEGER
from testkit.oracle import Event, Oracle
from testkit.play import day_of_play, lanes
from testkit.service import SEED, Player, codes_in, connect

USERS, EVENTS, CONNECTIONS = 30, 1_500, 4
CODES = [30, 123, 300, 1100]
NOTHING = {"count": 0, "total": "0.00"}


def as_read(event: Event, codes: object) -> dict[str, object]:
    """Return an event as it must be read back, without its time of arrival."""
    amount = f"{Decimal(event.amount):.2f}"
    return {
        **event.body(),
        "amount": amount,
        "n": 0,
        "event_id": event.event_id,
        "alert_codes": codes,
        "believed_codes": codes,
        "late": False,
        "amended": False,
    }


def without_arrival(event: dict[str, Any]) -> dict[str, object]:
    received = event.pop("received_at")
    assert received.endswith("Z"), received
    assert abs(datetime.now(UTC) - datetime.fromisoformat(received)) < timedelta(hours=1)
    return event


def totals_of(events: list[Event], event_type: str) -> dict[str, object]:
    amounts = [Decimal(event.amount) for event in events if event.type == event_type]
    return {"count": len(amounts), "total": f"{sum(amounts, Decimal(0)):.2f}"}


@pytest.fixture(scope="module")
def day(new_user_id: Callable[[], int]) -> dict[int, list[Event]]:
    """Play a small day, and return each player's events, oldest first."""
    ids = [new_user_id() for _ in range(USERS)]
    events = day_of_play(seed=SEED, users=USERS, events=EVENTS, first_user_id=ids[0])

    def play(lane: list[Event]) -> None:
        with connect(connections=1) as client:
            for event in lane:
                codes_in(client.post("/event", json=event.body()), event.user_id)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(play, lanes(events, CONNECTIONS)))
    return {user_id: [event for event in events if event.user_id == user_id] for user_id in ids}


def test_a_day_of_play_reads_back_as_sent_and_answered(client: httpx.Client, day: dict[int, list[Event]]) -> None:
    random = Random(SEED)  # noqa: S311 - no secret: the same limits every time
    met = set()
    for user_id, events in day.items():
        oracle = Oracle()
        shown = [as_read(event, oracle.answer(event)["alert_codes"]) for event in events]
        shown.reverse()
        for code in (None, *CODES):
            expected = [event for event in shown if code is None or code in event["alert_codes"]]  # type: ignore[operator]
            limit = random.choice([1, 2, 7, 200, max(1, len(expected) // 2), max(1, min(200, len(expected)))])
            more = {} if code is None else {"code": code}
            assert [without_arrival(event) for event in events_of(client, user_id, limit=limit, **more)] == expected
            met |= {code} if expected else set()
    assert met == {None, *CODES}, "each filter had something to find"


def test_a_summary_of_a_day_of_play_equals_what_was_sent(client: httpx.Client, day: dict[int, list[Event]]) -> None:
    for user_id, events in day.items():
        oracle = Oracle()
        latest_codes = [oracle.answer(event) for event in events][-1]["alert_codes"]
        assert read(client, f"/users/{user_id}") == {
            "user_id": user_id,
            "latest_t": events[-1].t,
            "latest_n": 0,
            "latest_event_id": events[-1].event_id,
            "alert_codes": latest_codes,
            "believed_codes": latest_codes,
            "deposits": totals_of(events, "deposit"),
            "withdrawals": totals_of(events, "withdraw"),
            "withdraws": totals_of(events, "withdraw"),
        }


def test_a_player_without_events_has_an_empty_history(client: httpx.Client, new_user_id: Callable[[], int]) -> None:
    """A22."""
    user_id = new_user_id()
    assert read(client, f"/users/{user_id}/events") == {"events": [], "next_before": None}
    assert read(client, f"/users/{user_id}") == {
        "user_id": user_id,
        "latest_t": None,
        "latest_n": None,
        "latest_event_id": None,
        "alert_codes": [],
        "believed_codes": [],
        "deposits": NOTHING,
        "withdrawals": NOTHING,
        "withdraws": NOTHING,
    }


def test_refused_events_and_replays_are_not_listed(client: httpx.Client, player: Player) -> None:
    assert player.deposit("5.00", t=10) == []
    problem_in(player.send("deposit", "6.00", t=10), 409, "duplicate-event")
    problem_in(player.send("deposit", "6.00", t=9), 400, "out-of-order")
    assert player.deposit("5", t=10) == []
    [event] = events_of(client, player.user_id, limit=5)
    assert (event["t"], event["amount"]) == (10, "5.00")
    assert read(client, f"/users/{player.user_id}")["deposits"] == {"count": 1, "total": "5.00"}


def test_the_smallest_and_greatest_t_are_read_back(client: httpx.Client, player: Player) -> None:
    for t in (0, 1, MAX_INTEGER - 1, MAX_INTEGER):
        player.deposit("1.00", t=t)
    path = f"/users/{player.user_id}/events"
    assert [event["t"] for event in read(client, path)["events"]] == [MAX_INTEGER, MAX_INTEGER - 1, 1, 0]
    assert read(client, path, limit=1)["next_before"] == MAX_INTEGER
    assert [event["t"] for event in read(client, path, before=MAX_INTEGER)["events"]] == [MAX_INTEGER - 1, 1, 0]
    assert read(client, path, before=1, limit=1) == {"events": read(client, path)["events"][-1:], "next_before": None}
    assert read(client, path, before=0)["events"] == []


def test_pages_stay_consistent_while_events_arrive(player: Player) -> None:
    for t in range(60):
        player.deposit("1.00", t=t)
    with ThreadPoolExecutor(1) as thread:
        arriving = thread.submit(lambda: [player.deposit("1.00", t=t) for t in range(60, 160)])
        walks = 0
        while not arriving.done() or walks == 0:
            seen = [event["t"] for event in events_of(player.client, player.user_id, limit=7)]
            assert seen == list(range(seen[0], -1, -1)), "nothing twice, nothing left out"
            walks += 1
        arriving.result()


def test_a_summary_is_a_consistent_snapshot(player: Player) -> None:
    """Every event has amount 1.00 and its count as `t`, so a partly counted one shows."""
    with ThreadPoolExecutor(1) as thread:
        arriving = thread.submit(lambda: [player.deposit("1.00", t=t) for t in range(1, 151)])
        while not arriving.done():
            activity = read(player.client, f"/users/{player.user_id}")
            count = activity["latest_t"] or 0
            assert activity["deposits"] == {"count": count, "total": f"{count}.00"}
        arriving.result()


WRONG = [
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("limit=1.0", "limit"),
    ("limit=%2B1", "limit"),
    ("limit=%D9%A4", "limit"),
    ("limit=", "limit"),
    ("limit=1&limit=1", "limit"),
    (f"limit={'9' * 5000}", "limit"),
    ("before=-1", "before"),
    (f"before={MAX_INTEGER + 1}", "before"),
    ("code=x", "code"),
    ("code=2147483648", "code"),
    ("page=2", "page"),
    ("limit=1&%00=1", "\0"),
]


@pytest.mark.parametrize(("query", "at_fault"), WRONG)
def test_an_invalid_parameter_is_named(client: httpx.Client, query: str, at_fault: str) -> None:
    problem = problem_in(client.get(f"/users/1/events?{query}"), 400, "invalid-request")
    assert invalid_fields(problem) == {at_fault}


def test_a_summary_takes_no_parameter(client: httpx.Client) -> None:
    assert invalid_fields(problem_in(client.get("/users/1?limit=1"), 400, "invalid-request")) == {"limit"}


@pytest.mark.parametrize("user_id", ["0", "-1", "01", "1.0", "x", "%D9%A4", str(MAX_INTEGER + 1), "9" * 5000, ""])
@pytest.mark.parametrize("rest", ["/events", "/events?limit=0"])
def test_an_invalid_user_id_is_not_found(client: httpx.Client, user_id: str, rest: str) -> None:
    problem_in(client.get(f"/users/{user_id}{rest}"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/users/1") for method in ("POST", "PATCH", "DELETE")),  # PUT changes the register
        *((method, "/users/1/events") for method in ("POST", "PUT", "PATCH", "DELETE")),
    ],
)
def test_reading_changes_nothing(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    problem_in(response, 405, "method-not-allowed")
    assert "GET" in response.headers["Allow"]
