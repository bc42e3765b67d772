"""Requests of one key run one at a time and in order, wait outside of the limit, and not for ever (A37)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.concurrency import ConcurrencyLimit, NoFreeSlot, Slot
from lib.database_errors import Unavailable
from lib.keyed_locks import KeyedLocks

MAX_WAITING = 4
SHORT = 0.05  # seconds


def slot_of(limit: ConcurrencyLimit) -> Slot:
    slot = Slot(limit)
    slot.take()
    return slot


@pytest.fixture
def limit() -> ConcurrencyLimit:
    return ConcurrencyLimit(2, stall_timeout=SHORT)


def waiting(locks: KeyedLocks, count: int) -> None:
    """Return when so many wait."""
    while locks._waiting < count:  # noqa: SLF001  # it is seen nowhere else
        time.sleep(0.005)


def test_each_key_has_its_own_queue() -> None:
    locks, limit = KeyedLocks(max_waiting=0, timeout=30), ConcurrencyLimit(3, stall_timeout=SHORT)
    for key in (1, 2, 3):
        locks.acquire(key, slot_of(limit))
    locks.release(2)
    locks.acquire(2, Slot(limit))
    for key in (1, 2, 3):
        locks.release(key)
    assert locks._queues == {}, "nothing is kept of former requests"  # noqa: SLF001


def test_all_keys_are_locked_or_none() -> None:
    locks = KeyedLocks(max_waiting=MAX_WAITING, timeout=30)
    locks.acquire(3, Slot(ConcurrencyLimit(1, stall_timeout=SHORT)))
    assert not locks.acquire_all([1, 2, 3, 4], SHORT)
    assert locks.acquire_all([1, 2, 4], 0)
    locks.release_all([1, 2, 4])
    with ThreadPoolExecutor(1) as threads:
        coming = threads.submit(locks.acquire_all, [1, 2, 3, 4], 30)
        waiting(locks, 1)
        assert not locks.acquire_all([2, 5], 0), "it holds what it has so far"
        locks.release(3)
        assert coming.result()
    locks.release_all([1, 2, 3, 4])
    assert locks._queues == {}  # noqa: SLF001  # as above


def test_nobody_waits_for_all_keys_if_too_many_wait_already() -> None:
    locks = KeyedLocks(max_waiting=0, timeout=30)
    assert locks.acquire_all([1], 0)
    assert not locks.acquire_all([1], 30)


def test_requests_of_one_key_run_in_order_without_occupying_slots(limit: ConcurrencyLimit) -> None:
    locks, came = KeyedLocks(max_waiting=MAX_WAITING, timeout=30), []

    def come(number: int) -> None:
        slot = slot_of(limit)
        locks.acquire(1, slot)
        came.append(number)
        locks.release(1)
        slot.give_back()

    first = slot_of(limit)
    locks.acquire(1, first)
    with ThreadPoolExecutor(MAX_WAITING) as threads:
        coming = []
        for number in range(MAX_WAITING):
            coming.append(threads.submit(come, number))
            waiting(locks, number + 1)
        other = slot_of(limit)
        locks.acquire(2, other)  # another key has a slot and its lock all the while
        assert came == []
        locks.release(2)
        other.give_back()
        locks.release(1)
        first.give_back()
        for each in coming:
            each.result()
    assert came == list(range(MAX_WAITING))


def test_a_request_that_waits_too_long_is_turned_away_and_the_next_is_not(limit: ConcurrencyLimit) -> None:
    locks = KeyedLocks(max_waiting=MAX_WAITING, timeout=SHORT)
    locks.acquire(1, slot_of(limit))
    for _ in range(MAX_WAITING * 2):
        with pytest.raises(Unavailable):
            locks.acquire(1, slot_of(limit))
    locks.release(1)
    locks.acquire(1, slot_of(limit))


def test_a_full_queue_turns_requests_away_whatever_their_key() -> None:
    locks, limit = KeyedLocks(max_waiting=2, timeout=30), ConcurrencyLimit(10, stall_timeout=SHORT)
    for key in (1, 2):
        locks.acquire(key, slot_of(limit))
    with ThreadPoolExecutor(2) as threads:
        second = [threads.submit(locks.acquire, key, slot_of(limit)) for key in (1, 2)]
        waiting(locks, 2)
        with pytest.raises(Unavailable):
            locks.acquire(1, slot_of(limit))
        for key in (1, 2):
            locks.release(key)
        for each in second:
            each.result()


def test_a_request_that_finds_no_slot_passes_its_lock_on() -> None:
    locks, limit = KeyedLocks(max_waiting=MAX_WAITING, timeout=30), ConcurrencyLimit(1, stall_timeout=SHORT)
    slot = slot_of(limit)
    locks.acquire(1, slot)
    slot.give_back()
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(locks.acquire, 1, slot_of(limit))
        waiting(locks, 1)
        assert limit.enter()  # the only slot
        locks.release(1)
        with pytest.raises(NoFreeSlot):
            second.result()
    limit.leave()
    locks.acquire(1, slot_of(limit))
