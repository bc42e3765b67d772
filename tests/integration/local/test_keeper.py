"""keeper: what died is started again, soon at first, then more and more slowly."""

from threading import Event

import pytest

from lib.local.keeper import Backoff, Keeper


def test_the_pause_doubles_to_two_seconds_for_what_dies_at_once() -> None:
    backoff = Backoff()
    assert [backoff.after(0) for _ in range(7)] == pytest.approx([0.2, 0.4, 0.8, 1.6, 2, 2, 2])


def test_a_life_of_ten_seconds_makes_the_pause_short_again() -> None:
    backoff = Backoff()
    waits = [backoff.after(lived) for lived in (0, 9.9, 10, 0)]
    assert waits == pytest.approx([0.2, 0.4, 0.2, 0.4])


def test_the_living_is_left_alone_and_the_dead_is_started() -> None:
    stop, events, lives = Event(), list[str](), iter([True, False])

    def launch() -> None:
        events.append("launch")
        stop.set()

    Keeper(name="it", alive=lambda: next(lives), launch=launch, report=events.append).keep(stop)
    assert events == ["it has ended; starting it again in 0.2 s", "launch"]


def test_a_failed_start_and_a_failed_look_are_reported_and_survived() -> None:
    stop, events = Event(), list[str]()

    def look() -> bool:
        if events:
            stop.set()
            raise OSError("unreadable")
        return False

    def launch() -> None:
        raise ValueError("no luck")

    Keeper(name="it", alive=look, launch=launch, report=events.append).keep(stop)
    assert events[1] == "it did not start: no luck"
    assert "cannot be looked at" in events[2]


def test_nothing_is_started_once_told_to_stop() -> None:
    stop = Event()
    Keeper(name="it", alive=lambda: False, launch=pytest.fail, report=lambda _: stop.set()).keep(stop)
