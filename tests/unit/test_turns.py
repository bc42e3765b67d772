"""Requests of one key run one at a time and in order, wait outside of the limit, and not for ever (A37)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.admission import NoPlace, Place, Room
from lib.transactions import Unavailable
from lib.turns import Turns

LINE = 4
SHORT = 0.05  # seconds


def a_place(room: Room) -> Place:
    place = Place(room)
    place.take()
    return place


@pytest.fixture
def room() -> Room:
    return Room(2, patience=SHORT)


def waiting(turns: Turns, count: int) -> None:
    """Return when so many wait."""
    while turns._waiting < count:  # noqa: SLF001  # it is seen nowhere else
        time.sleep(0.005)


def test_keys_have_turns_of_their_own() -> None:
    turns, room = Turns(line=0, patience=30), Room(3, patience=SHORT)
    for key in (1, 2, 3):
        turns.take(key, a_place(room))
    turns.pass_on(2)
    turns.take(2, Place(room))
    for key in (1, 2, 3):
        turns.pass_on(key)
    assert turns._queues == {}, "nothing is kept of who came and went"  # noqa: SLF001


def test_those_of_one_key_come_in_their_order_and_leave_their_places_to_others(room: Room) -> None:
    turns, came = Turns(line=LINE, patience=30), []

    def come(number: int) -> None:
        place = a_place(room)
        turns.take(1, place)
        came.append(number)
        turns.pass_on(1)
        place.give_back()

    first = a_place(room)
    turns.take(1, first)
    with ThreadPoolExecutor(LINE) as threads:
        coming = []
        for number in range(LINE):
            coming.append(threads.submit(come, number))
            waiting(turns, number + 1)
        other = a_place(room)
        turns.take(2, other)  # another key has a place in the room and its turn all the while
        assert came == []
        turns.pass_on(2)
        other.give_back()
        turns.pass_on(1)
        first.give_back()
        for each in coming:
            each.result()
    assert came == list(range(LINE))


def test_whoever_waits_for_too_long_is_turned_away_and_the_next_is_not(room: Room) -> None:
    turns = Turns(line=LINE, patience=SHORT)
    turns.take(1, a_place(room))
    for _ in range(LINE * 2):
        with pytest.raises(Unavailable):
            turns.take(1, a_place(room))
    turns.pass_on(1)
    turns.take(1, a_place(room))


def test_beyond_the_end_of_the_line_one_is_turned_away_at_once_whatever_its_key() -> None:
    turns, room = Turns(line=2, patience=30), Room(10, patience=SHORT)
    for key in (1, 2):
        turns.take(key, a_place(room))
    with ThreadPoolExecutor(2) as threads:
        second = [threads.submit(turns.take, key, a_place(room)) for key in (1, 2)]
        waiting(turns, 2)
        with pytest.raises(Unavailable):
            turns.take(1, a_place(room))
        for key in (1, 2):
            turns.pass_on(key)
        for each in second:
            each.result()


def test_whoever_has_its_turn_and_finds_no_place_passes_it_on() -> None:
    turns, room = Turns(line=LINE, patience=30), Room(1, patience=SHORT)
    place = a_place(room)
    turns.take(1, place)
    place.give_back()
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(turns.take, 1, a_place(room))
        waiting(turns, 1)
        assert room.enter()  # the only place
        turns.pass_on(1)
        with pytest.raises(NoPlace):
            second.result()
    room.leave()
    turns.take(1, a_place(room))
