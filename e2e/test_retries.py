"""Retries: an event sent again gets its first answer; a different event at its t is refused."""

import pytest

from e2e.problems import problem_in
from testkit.bodies import event_text
from testkit.oracle import EventType
from testkit.service import REPLAY_HEADER, Player, codes_in


def assert_replays(player: Player, event_type: EventType, amount: str, t: int, codes: list[int]) -> None:
    response = player.send(event_type, amount, t=t)
    assert codes_in(response, player.user_id) == codes
    assert response.headers[REPLAY_HEADER] == "true"


def test_a_retry_gets_the_same_answer_marked_as_a_replay(player: Player) -> None:
    first, second, third = [player.send("withdraw", "150.00", t=1) for _ in range(3)]
    assert codes_in(first, player.user_id) == [1100]
    assert REPLAY_HEADER not in first.headers
    for retry in (second, third):
        assert retry.status_code == 200
        assert retry.headers[REPLAY_HEADER] == "true"
        assert retry.content == first.content


def test_a_new_event_is_not_a_replay(player: Player) -> None:
    responses = [player.send("withdraw", "150.00", t=t) for t in (1, 2, 3)]
    assert [REPLAY_HEADER in response.headers for response in responses] == [False, False, False]


def test_a_retry_of_an_old_event_gets_its_original_answer(player: Player) -> None:
    first = [player.withdraw("5.00", t=t) for t in (1, 2, 3)]
    assert first == [[], [], [30]]
    assert player.deposit("250.00", t=4) == [123]
    for t, codes in enumerate(first, start=1):
        assert_replays(player, "withdraw", "5.00", t, codes)
    assert_replays(player, "deposit", "250.00", 4, [123])


def test_the_first_of_a_hundred_events_can_still_be_replayed(player: Player) -> None:
    for t in range(100):
        player.deposit("1.00", t=t)
    assert_replays(player, "deposit", "1.00", 0, [])


@pytest.mark.parametrize(
    ("first", "retry"),
    [
        pytest.param('"42"', '"42.00"', id="a string with cents"),
        pytest.param('"42.00"', '"42"', id="a string without cents"),
        pytest.param('"42.5"', '"42.50"', id="a string with a zero more"),
        pytest.param('"42"', '"0042.0"', id="a string with zeros in front"),
        pytest.param('"42"', "42", id="a whole number literal"),
        pytest.param('"42"', "42.0", id="a number literal"),
        pytest.param("42.00", '"42.0"', id="a string after a literal"),
    ],
)
def test_the_same_amount_by_value_is_the_same_event(player: Player, first: str, retry: str) -> None:
    codes_in(player.send_text(event_text(player.user_id, amount=first)), player.user_id)
    response = player.send_text(event_text(player.user_id, amount=retry))
    assert codes_in(response, player.user_id) == []
    assert response.headers[REPLAY_HEADER] == "true"


@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_a_retry_may_use_another_name_of_the_endpoint(player: Player, path: str) -> None:
    codes_in(player.send_text(event_text(player.user_id)), player.user_id)
    text = event_text(player.user_id, t=None, time="1")
    assert player.send_text(text, path=path).headers[REPLAY_HEADER] == "true"


def test_a_retried_withdrawal_does_not_count_twice(player: Player) -> None:
    codes = [player.withdraw("5.00", t=t) for t in (1, 1, 1, 2, 2, 3)]
    assert codes == [[], [], [], [], [], [30]]


def test_a_retried_deposit_is_not_added_twice(player: Player) -> None:
    codes = [player.deposit("150.00", t=1) for _ in range(3)]
    assert codes == [[], [], []]
    assert player.deposit("50.00", t=2) == []


def test_an_old_retry_does_not_move_the_clock_back(player: Player) -> None:
    for t in (10, 20, 10):
        player.deposit("5.00", t=t)
    problem_in(player.send("deposit", "5.00", t=15), 400, "out-of-order")
    assert player.deposit("5.00", t=21) == []


def test_a_refused_duplicate_leaves_the_first_answer_in_place(player: Player) -> None:
    assert player.withdraw("150.00", t=1) == [1100]
    problem_in(player.send("withdraw", "5.00", t=1), 409, "duplicate-event")
    assert_replays(player, "withdraw", "150.00", 1, [1100])


def test_a_refused_event_is_not_a_replay_when_sent_again(player: Player) -> None:
    player.deposit("5.00", t=10)
    for _ in range(2):
        problem_in(player.send("deposit", "5.00", t=9), 400, "out-of-order")
