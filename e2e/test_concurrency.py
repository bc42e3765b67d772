"""Many clients at once: the answers always equal some serial order of the stored events."""

from collections.abc import Callable
from functools import partial
from random import Random

import httpx
import pytest

from e2e.concurrent import at_once
from e2e.problems import problem_in
from testkit.oracle import Event, Oracle
from testkit.service import REPLAY_HEADER, SEED, Player, codes_in

ROUNDS = range(10)
THREADS = 16
Answered = tuple[Event, httpx.Response]


def send(player: Player, event: Event) -> Answered:
    return event, player.send(event.type, event.amount, t=event.t)


def send_all(player: Player, events: list[Event]) -> list[Answered]:
    return [send(player, event) for event in events]


def random_event(player: Player, random: Random, t: int) -> Event:
    """Draw withdrawals and deposits near the edge of the window, so that a wrong order shows in the codes."""
    event_type = random.choices(["withdraw", "deposit"], weights=[3, 2])[0]
    amount = random.choice(["60.00", "70.00", "80.00", "150.00"])
    return player.event("withdraw" if event_type == "withdraw" else "deposit", amount, t)


def assert_serial(answered: list[Answered]) -> int:
    """Count the stored events; in the order of t they are the oracle's, and all other events came late."""
    stored = [(event, response) for event, response in answered if response.status_code == 200]
    for _, response in answered:
        if response.status_code != 200:
            problem_in(response, 400, "out-of-order")
    oracle = Oracle()
    for event, response in sorted(stored, key=lambda pair: pair[0].t):
        assert response.json() == oracle.answer(event), event
        assert REPLAY_HEADER not in response.headers, event
    return len(stored)


@pytest.mark.parametrize("attempt", ROUNDS)
def test_the_same_event_from_8_threads_is_stored_once(player: Player, attempt: int) -> None:
    calls = [partial(player.send, "withdraw", "150.00", t=attempt) for _ in range(8)]
    responses = at_once(calls)
    assert [codes_in(response, player.user_id) for response in responses] == [[1100]] * 8
    assert len({response.content for response in responses}) == 1
    assert [REPLAY_HEADER in response.headers for response in responses].count(False) == 1


@pytest.mark.parametrize("attempt", ROUNDS)
def test_the_same_event_from_8_threads_counts_once(player: Player, attempt: int) -> None:
    for t in (attempt, attempt + 1, attempt + 2):
        responses = at_once([partial(player.send, "withdraw", "5.00", t=t) for _ in range(8)])
        expected = [30] if t == attempt + 2 else []
        assert [codes_in(response, player.user_id) for response in responses] == [expected] * 8


@pytest.mark.parametrize("attempt", ROUNDS)
def test_8_different_events_at_one_t_store_exactly_one(player: Player, attempt: int) -> None:
    amounts = [f"{attempt + 1}.0{n}" for n in range(8)]
    responses = at_once([partial(player.send, "deposit", amount, t=1) for amount in amounts])
    assert sorted(response.status_code for response in responses) == [200] + [409] * 7
    winner = next(n for n, response in enumerate(responses) if response.status_code == 200)
    assert player.send("deposit", amounts[winner], t=1).headers[REPLAY_HEADER] == "true"


@pytest.mark.parametrize("attempt", ROUNDS)
def test_16_concurrent_events_of_one_player_equal_some_serial_order(player: Player, attempt: int) -> None:
    random = Random(SEED + attempt)  # noqa: S311 - a test must be able to play the same again
    events = [random_event(player, random, t) for t in range(THREADS)]
    random.shuffle(events)
    answered = at_once([partial(send, player, event) for event in events])
    assert assert_serial(answered) >= 1


@pytest.mark.parametrize("attempt", ROUNDS)
def test_16_threads_race_through_the_day_of_one_player(player: Player, attempt: int) -> None:
    random = Random(SEED + attempt)  # noqa: S311 - a test must be able to play the same again
    events = [random_event(player, random, t) for t in range(THREADS * 8)]
    calls = [partial(send_all, player, events[thread::THREADS]) for thread in range(THREADS)]
    answered = [pair for answers in at_once(calls) for pair in answers]
    assert assert_serial(answered) >= 8, "the first to come of each 16 is later than all that came before"


def test_players_do_not_block_each_other(new_player: Callable[[], Player]) -> None:
    players = [new_player() for _ in range(THREADS)]
    calls = [partial(player.withdraw, "5.00", t=t) for t, player in enumerate(players)]
    assert at_once(calls) == [[]] * THREADS
