"""Every answered code can be read back as an alert with its evidence."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_INTEGER
from testkit.service import Player

FAR = 1_000  # seconds; events this far apart share no window of 30 seconds


def alerts_in(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return list(response.json()["alerts"])


def alerts_of(player: Player, **filters: object) -> list[dict[str, Any]]:
    parameters = {"user": str(player.user_id), **{name: str(value) for name, value in filters.items()}}
    return alerts_in(player.client.get("/alerts", params=parameters))


def pages_of(player: Player, limit: int) -> Iterator[list[dict[str, Any]]]:
    parameters: dict[str, str | int] = {"user": player.user_id, "limit": limit}
    while True:
        response = player.client.get("/alerts", params=parameters)
        yield alerts_in(response)
        next_before = response.json()["next_before"]
        if next_before is None:
            return
        parameters["before"] = next_before


def test_a_window_alert_explains_itself(player: Player) -> None:
    assert player.deposit("100.00", t=0) == []
    assert player.deposit("62.00", t=10) == []
    assert player.deposit("50.00", t=28) == [123]
    [alert] = alerts_of(player)
    assert alert == {
        "user_id": player.user_id,
        "t": 28,
        "n": 0,
        "event_id": None,
        "code": 123,
        "edition": alert["edition"],
        "shadow": False,
        "fresh": True,
        **{name: alert[name] for name in ("indicator", "strength", "guidance")},
        "found_late_at": None,
        "retracted_at": None,
        "evidence": {
            "value": "212.00",
            "threshold": "200.00",
            "limit": "200.00",
            "count": 3,
            "moments": [28, 10, 0],
            "events": [{"t": t, "n": 0, "event_id": None} for t in (28, 10, 0)],
            "sentence": "212.00 deposited within 28 s by 3 deposits (threshold 200.00 within 30 s)",
        },
    }
    assert player.client.get(f"/alerts/{player.user_id}/28/123").json() == alert


SAID = [
    (
        lambda player: player.withdraw("150.00", t=7),
        (1100, "150.00", "100.00", [7], "150.00 withdrawn at once (threshold 100.00)"),
    ),
    (
        lambda player: [player.withdraw("5.00", t=t) for t in (1, 2, 9)],
        (30, "3", "3", [9, 2, 1], "3 withdrawals in a row within 8 s (threshold 3)"),
    ),
    (
        lambda player: [player.deposit(f"{n}0.00", t=n * FAR) for n in (1, 2, 3)],
        (
            300,
            "3",
            "3",
            [3000, 2000, 1000],
            "the last 3 deposits rose from 10.00 to 20.00 to 30.00 (threshold 3)",
        ),
    ),
]


@pytest.mark.parametrize(("play", "expected"), SAID, ids=["1100", "30", "300"])
def test_every_alert_explains_itself(
    player: Player, play: Callable[[Player], object], expected: tuple[object, ...]
) -> None:
    play(player)
    [alert] = alerts_of(player)
    evidence = alert["evidence"]
    shown = (alert["code"], *(evidence[name] for name in ("value", "threshold", "moments", "sentence")))
    assert shown == expected
    assert evidence["count"] == len(evidence["moments"])


def test_stored_alerts_match_the_answers(player: Player) -> None:
    answered: set[tuple[int, int]] = set()
    for t, amount in enumerate(["60.00", "70.00", "80.00", "90.00"]):
        answered |= {(t, code) for code in player.deposit(amount, t=t)}
    for t in range(4, 8):
        answered |= {(t, code) for code in player.withdraw("120.00", t=t)}
    alerts = [(alert["t"], alert["code"]) for alert in alerts_of(player)]
    assert alerts == sorted(answered, reverse=True)
    assert {code for _, code in alerts} == {30, 123, 300, 1100}
    for limit in (1, 2, 7):
        pages = list(pages_of(player, limit))
        assert [(alert["t"], alert["code"]) for page in pages for alert in page] == alerts
        assert {len(page) for page in pages[:-1]} <= {limit}


def test_alerts_can_be_filtered(new_player: Callable[[], Player]) -> None:
    player, other = new_player(), new_player()
    for each in (player, other):
        assert [each.withdraw("120.00", t=t) for t in (1, 2, 3)] == [[1100], [1100], [30, 1100]]
    assert [alert["t"] for alert in alerts_of(player, code=1100)] == [3, 2, 1]
    assert [alert["t"] for alert in alerts_of(player, code=30)] == [3]
    assert [alert["code"] for alert in alerts_of(player, since=3)] == [1100, 30]
    assert alerts_of(player, code=123) == []
    assert alerts_of(player, edition=2**31 - 1) == []
    [edition] = {alert["edition"] for alert in alerts_of(player)}
    assert alerts_of(player, edition=edition, code=30, since=1, limit=200) == alerts_of(player, code=30)
    assert alerts_of(other) == [{**alert, "user_id": other.user_id} for alert in alerts_of(player)]


def test_a_replay_raises_no_second_alert(player: Player) -> None:
    for _ in range(2):
        assert player.withdraw("150.00", t=1) == [1100]
    assert len(alerts_of(player)) == 1


def test_a_refused_event_raises_nothing(player: Player) -> None:
    assert player.withdraw("5.00", t=10) == []
    problem_in(player.send("withdraw", "500.00", t=10), 409, "duplicate-event")
    problem_in(player.send("withdraw", "500.00", t=9), 400, "out-of-order")
    assert alerts_of(player) == []


def test_an_alert_that_does_not_exist_is_not_found(player: Player) -> None:
    for path in (f"{player.user_id}/1/30", f"{MAX_INTEGER}/{MAX_INTEGER}/{2**31 - 1}"):
        problem_in(player.client.get(f"/alerts/{path}"), 404, "unknown-alert")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "shadow=1", "code=x", "user=-1", "before=1", "order=asc"])
def test_an_invalid_query_is_refused(client: httpx.Client, query: str) -> None:
    problem = problem_in(client.get(f"/alerts?{query}"), 400, "invalid-request")
    assert invalid_fields(problem) == {query.partition("=")[0]}
