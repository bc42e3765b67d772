"""Who gets a place, who waits, who is turned away, and that health passes by."""

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from lib.admission import Admission, NoPlace, Room, take_place

PATIENCE = 0.2
PLACES = 2
MOST = 30


class Inside:
    """An application whose requests take a place, unless they still arrive, and wait until they are let go."""

    def __init__(self) -> None:
        self.go = Event()

    def __call__(self, environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/arriving":
            self.go.wait(10)
        try:
            take_place(environ)
        except NoPlace:
            return [b"no place"]
        if environ["PATH_INFO"] == "/fails":
            raise RuntimeError
        if environ["PATH_INFO"] == "/slow":
            self.go.wait(10)
        return [b"answered"]


def no_answer(*_: object) -> object:
    pytest.fail("nobody starts an answer here")


def door_of(inside: Inside, patience: float = PATIENCE) -> Admission:
    full = lambda *_: [b"full"]  # noqa: E731  # an application
    return Admission(inside, room=Room(PLACES, patience), most=MOST, exempt=("/health/",), full=full)


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def door(inside: Inside) -> Admission:
    return door_of(inside)


def ask(door: Admission, path: str) -> bytes:
    return b"".join(door({"PATH_INFO": path}, no_answer))  # type: ignore[arg-type]  # nothing of it is used


def fill(door: Admission, threads: ThreadPoolExecutor) -> list[Future[bytes]]:
    asked = [threads.submit(ask, door, "/slow") for _ in range(PLACES)]
    while door._room._places._value:  # noqa: SLF001  # whether they are inside is seen nowhere else
        time.sleep(0.01)
    return asked


def test_when_nobody_gets_on_others_are_turned_away_first_after_a_while_then_at_once(
    door: Admission, inside: Inside
) -> None:
    with ThreadPoolExecutor() as threads:
        asked = fill(door, threads)
        began = time.monotonic()
        assert ask(door, "/x") == b"no place"
        assert time.monotonic() - began >= PATIENCE / 2
        began = time.monotonic()
        assert [ask(door, "/x") for _ in range(100)] == [b"no place"] * 100
        assert time.monotonic() - began < PATIENCE * 10  # who waited each time would take ten times that
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * PLACES
    assert ask(door, "/x") == b"answered"


def test_who_is_still_arriving_takes_no_place(door: Admission, inside: Inside) -> None:
    """A33."""
    with ThreadPoolExecutor(MOST) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MOST - 1)]
        assert ask(door, "/x") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}


def test_beyond_the_most_a_request_is_turned_away_at_once(door: Admission, inside: Inside) -> None:
    with ThreadPoolExecutor(MOST) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MOST)]
        while len(door._inside) < MOST:  # noqa: SLF001  # as above
            time.sleep(0.01)
        assert ask(door, "/x") == b"full"
        assert ask(door, "/health/live") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}
    assert ask(door, "/x") == b"answered"


def test_health_passes_by(door: Admission, inside: Inside) -> None:
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        assert ask(door, "/health/live") == b"answered"
        inside.go.set()


def test_who_waits_gets_the_place_of_one_that_has_finished(inside: Inside) -> None:
    door = door_of(inside, patience=30)
    with ThreadPoolExecutor(16) as threads:
        asked = fill(door, threads)
        waiting = [threads.submit(ask, door, "/x") for _ in range(10)]
        inside.go.set()
        assert [each.result() for each in (*asked, *waiting)] == [b"answered"] * (PLACES + 10)
    assert door._room._places._value == PLACES  # noqa: SLF001  # as above


def test_a_failure_leaves_its_place_to_the_next(door: Admission) -> None:
    for _ in range(PLACES * 2):
        with pytest.raises(RuntimeError):
            ask(door, "/fails")
    assert ask(door, "/x") == b"answered"


def test_it_is_known_how_long_the_slowest_has_been_at_work(door: Admission, inside: Inside) -> None:
    assert door.longest_at_work() == 0
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        time.sleep(0.02)
        assert door.longest_at_work() >= 0.02
        inside.go.set()
    assert door.longest_at_work() == 0
