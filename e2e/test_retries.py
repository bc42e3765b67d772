"""Retries: an event sent again gets its first answer; a different event at its t is refused."""

import pytest

from e2e.problems import problem_in
from testkit.bodies import event_text
from testkit.oracle import EventType
from testkit.service import REPLAY_HEADER, Customer, codes_in


def assert_replays(customer: Customer, event_type: EventType, amount: str, t: int, codes: list[int]) -> None:
    response = customer.send(event_type, amount, t=t)
    assert codes_in(response, customer.user_id) == codes
    assert response.headers[REPLAY_HEADER] == "true"


def test_a_retry_gets_the_same_answer_marked_as_a_replay(customer: Customer) -> None:
    first, second, third = [customer.send("withdraw", "150.00", t=1) for _ in range(3)]
    assert codes_in(first, customer.user_id) == [1100]
    assert REPLAY_HEADER not in first.headers
    for retry in (second, third):
        assert retry.status_code == 200
        assert retry.headers[REPLAY_HEADER] == "true"
        assert retry.content == first.content


def test_a_new_event_is_not_a_replay(customer: Customer) -> None:
    responses = [customer.send("withdraw", "150.00", t=t) for t in (1, 2, 3)]
    assert [REPLAY_HEADER in response.headers for response in responses] == [False, False, False]


def test_a_retry_of_an_old_event_gets_its_original_answer(customer: Customer) -> None:
    first = [customer.withdraw("5.00", t=t) for t in (1, 2, 3)]
    assert first == [[], [], [30]]
    assert customer.deposit("250.00", t=4) == [123]
    for t, codes in enumerate(first, start=1):
        assert_replays(customer, "withdraw", "5.00", t, codes)
    assert_replays(customer, "deposit", "250.00", 4, [123])


def test_the_first_of_a_hundred_events_can_still_be_replayed(customer: Customer) -> None:
    for t in range(100):
        customer.deposit("1.00", t=t)
    assert_replays(customer, "deposit", "1.00", 0, [])


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
def test_the_same_amount_by_value_is_the_same_event(customer: Customer, first: str, retry: str) -> None:
    codes_in(customer.send_text(event_text(customer.user_id, amount=first)), customer.user_id)
    response = customer.send_text(event_text(customer.user_id, amount=retry))
    assert codes_in(response, customer.user_id) == []
    assert response.headers[REPLAY_HEADER] == "true"


@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_a_retry_may_use_another_name_of_the_endpoint(customer: Customer, path: str) -> None:
    codes_in(customer.send_text(event_text(customer.user_id)), customer.user_id)
    text = event_text(customer.user_id, t=None, time="1")
    assert customer.send_text(text, path=path).headers[REPLAY_HEADER] == "true"


def test_a_retried_withdrawal_does_not_count_twice(customer: Customer) -> None:
    codes = [customer.withdraw("5.00", t=t) for t in (1, 1, 1, 2, 2, 3)]
    assert codes == [[], [], [], [], [], [30]]


def test_a_retried_deposit_is_not_added_twice(customer: Customer) -> None:
    codes = [customer.deposit("150.00", t=1) for _ in range(3)]
    assert codes == [[], [], []]
    assert customer.deposit("50.00", t=2) == []


def test_an_old_retry_does_not_move_the_clock_back(customer: Customer) -> None:
    for t in (10, 20, 10):
        customer.deposit("5.00", t=t)
    problem_in(customer.send("deposit", "5.00", t=15), 400, "out-of-order")
    assert customer.deposit("5.00", t=21) == []


def test_a_refused_duplicate_leaves_the_first_answer_in_place(customer: Customer) -> None:
    assert customer.withdraw("150.00", t=1) == [1100]
    problem_in(customer.send("withdraw", "5.00", t=1), 409, "duplicate-event")
    assert_replays(customer, "withdraw", "150.00", 1, [1100])


def test_a_refused_event_is_not_a_replay_when_sent_again(customer: Customer) -> None:
    customer.deposit("5.00", t=10)
    for _ in range(2):
        problem_in(customer.send("deposit", "5.00", t=9), 400, "out-of-order")
