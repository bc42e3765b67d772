"""Requests of one key run one at a time and in order, wait outside of the limit, and not for ever (A37)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.concurrency import ConcurrencyLimit, NoFreeSlot, Slot
from lib.keyed_locks import KeyedLocks
from lib.transactions import Unavailable

LINE = 4
SHORT = 0.05  # seconds


def a_place(room: ConcurrencyLimit) -> Slot:
    place = Slot(room)
    place.take()
    return place


@pytest.fixture
def room() -> ConcurrencyLimit:
    return ConcurrencyLimit(2, stall_timeout=SHORT)


def waiting(locks: KeyedLocks, count: int) -> None:
    """Return when so many wait."""
    while locks._waiting < count:  # noqa: SLF001  # it is seen nowhere else
        time.sleep(0.005)


def test_each_key_has_its_own_queue() -> None:
    locks, room = KeyedLocks(max_waiting=0, timeout=30), ConcurrencyLimit(3, stall_timeout=SHORT)
    for key in (1, 2, 3):
        locks.acquire(key, a_place(room))
    locks.release(2)
    locks.acquire(2, Slot(room))
    for key in (1, 2, 3):
        locks.release(key)
    assert locks._queues == {}, "nothing is kept of who came and went"  # noqa: SLF001


def test_requests_of_one_key_run_in_order_without_occupying_slots(room: ConcurrencyLimit) -> None:
    locks, came = KeyedLocks(max_waiting=LINE, timeout=30), []

    def come(number: int) -> None:
        place = a_place(room)
        locks.acquire(1, place)
        came.append(number)
        locks.release(1)
        place.give_back()

    first = a_place(room)
    locks.acquire(1, first)
    with ThreadPoolExecutor(LINE) as threads:
        coming = []
        for number in range(LINE):
            coming.append(threads.submit(come, number))
            waiting(locks, number + 1)
        other = a_place(room)
        locks.acquire(2, other)  # another key has a place in the room and its turn all the while
        assert came == []
        locks.release(2)
        other.give_back()
        locks.release(1)
        first.give_back()
        for each in coming:
            each.result()
    assert came == list(range(LINE))


def test_a_request_that_waits_too_long_is_turned_away_and_the_next_is_not(room: ConcurrencyLimit) -> None:
    locks = KeyedLocks(max_waiting=LINE, timeout=SHORT)
    locks.acquire(1, a_place(room))
    for _ in range(LINE * 2):
        with pytest.raises(Unavailable):
            locks.acquire(1, a_place(room))
    locks.release(1)
    locks.acquire(1, a_place(room))


def test_a_full_queue_turns_requests_away_whatever_their_key() -> None:
    locks, room = KeyedLocks(max_waiting=2, timeout=30), ConcurrencyLimit(10, stall_timeout=SHORT)
    for key in (1, 2):
        locks.acquire(key, a_place(room))
    with ThreadPoolExecutor(2) as threads:
        second = [threads.submit(locks.acquire, key, a_place(room)) for key in (1, 2)]
        waiting(locks, 2)
        with pytest.raises(Unavailable):
            locks.acquire(1, a_place(room))
        for key in (1, 2):
            locks.release(key)
        for each in second:
            each.result()


def test_a_request_turned_away_at_its_turn_passes_the_turn_on() -> None:
    locks, room = KeyedLocks(max_waiting=LINE, timeout=30), ConcurrencyLimit(1, stall_timeout=SHORT)
    place = a_place(room)
    locks.acquire(1, place)
    place.give_back()
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(locks.acquire, 1, a_place(room))
        waiting(locks, 1)
        assert room.enter()  # the only place
        locks.release(1)
        with pytest.raises(NoFreeSlot):
            second.result()
    room.leave()
    locks.acquire(1, a_place(room))
