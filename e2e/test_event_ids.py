"""Several events of a player in one second, told apart by the platform's own ids."""

from functools import partial

import httpx
import pytest

from e2e.concurrent import at_once
from e2e.pages import read
from e2e.problems import problem_in
from testkit.oracle import Event
from testkit.service import REPLAY_HEADER, Player, codes_in

AT_ONCE = 20


def send(player: Player, event_id: str, amount: str = "20.00", t: int = 10) -> httpx.Response:
    event = Event(type="deposit", amount=amount, user_id=player.user_id, t=t, event_id=event_id)
    return player.client.post("/event", json=event.body())


def test_twenty_deposits_of_one_second_are_all_taken_and_replayed(player: Player) -> None:
    calls = [partial(send, player, f"tx-{number}") for number in range(AT_ONCE)]
    first = at_once(calls)
    answers = sorted(codes_in(response, player.user_id) for response in first)
    assert answers == [[]] * 10 + [[123]] * 10, "above 200.00 from the eleventh on, whichever that is"
    assert not any(REPLAY_HEADER in response.headers for response in first)
    again = at_once(calls)
    assert [response.json() for response in again] == [response.json() for response in first]
    assert all(response.headers[REPLAY_HEADER] == "true" for response in again)
    events = read(player.client, f"/users/{player.user_id}/events")["events"]
    assert [event["n"] for event in events] == list(reversed(range(AT_ONCE)))
    assert {event["event_id"] for event in events} == {f"tx-{number}" for number in range(AT_ONCE)}
    of_each = {f"tx-{number}": response.json()["alert_codes"] for number, response in enumerate(first)}
    assert {event["event_id"]: event["alert_codes"] for event in events} == of_each


@pytest.mark.parametrize(("amount", "t", "said"), [("20.01", 10, "amount 20.00"), ("20.00", 11, "t 10")])
def test_another_event_under_a_known_id_is_a_conflict(player: Player, amount: str, t: int, said: str) -> None:
    codes_in(send(player, "tx-1"), player.user_id)
    assert said in str(problem_in(send(player, "tx-1", amount, t), 409, "duplicate-event")["detail"])


def test_an_event_without_an_id_has_its_second_to_itself(player: Player) -> None:
    codes_in(send(player, "tx-1"), player.user_id)
    problem_in(player.send("deposit", "20.00", t=10), 409, "duplicate-event")
    assert player.deposit("20.00", t=11) == []
    problem_in(send(player, "tx-2", t=11), 409, "duplicate-event")
