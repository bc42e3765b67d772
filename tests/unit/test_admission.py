"""Who is let in, who waits, who is turned away, and that health passes by."""

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from lib.admission import Admission

PATIENCE = 0.2
ROOM = 2


class Inside:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.go = Event()

    def __call__(self, environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/fails":
            raise RuntimeError
        if environ["PATH_INFO"] == "/slow":
            self.go.wait(10)
        return [b"answered"]


def no_answer(*_: object) -> object:
    pytest.fail("nobody starts an answer here")


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def door(inside: Inside) -> Admission:
    return Admission(inside, room=ROOM, patience=PATIENCE, exempt=("/health/",), full=lambda *_: [b"full"])


def ask(door: Admission, path: str) -> bytes:
    return b"".join(door({"PATH_INFO": path}, no_answer))  # type: ignore[arg-type]  # nothing of it is used


def fill(door: Admission, threads: ThreadPoolExecutor) -> list[Future[bytes]]:
    asked = [threads.submit(ask, door, "/slow") for _ in range(ROOM)]
    while door._room.acquire(blocking=False):  # noqa: SLF001  # whether they are inside is seen nowhere else
        door._room.release()  # noqa: SLF001
        time.sleep(0.01)
    return asked


def test_when_nobody_gets_on_others_are_turned_away_first_after_a_while_then_at_once(
    door: Admission, inside: Inside
) -> None:
    with ThreadPoolExecutor() as threads:
        asked = fill(door, threads)
        began = time.monotonic()
        assert ask(door, "/x") == b"full"
        assert time.monotonic() - began >= PATIENCE / 2
        began = time.monotonic()
        assert [ask(door, "/x") for _ in range(100)] == [b"full"] * 100
        assert time.monotonic() - began < PATIENCE * 10  # who waited each time would take ten times that
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * ROOM
    assert ask(door, "/x") == b"answered"


def test_health_passes_by(door: Admission, inside: Inside) -> None:
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        assert ask(door, "/health/live") == b"answered"
        inside.go.set()


def test_who_waits_is_let_in_when_one_has_finished(inside: Inside) -> None:
    door = Admission(inside, room=ROOM, patience=30, exempt=("/health/",), full=lambda *_: [b"full"])
    with ThreadPoolExecutor() as threads:
        asked = fill(door, threads)
        waiting = [threads.submit(ask, door, "/x") for _ in range(10)]
        inside.go.set()
        assert [each.result() for each in (*asked, *waiting)] == [b"answered"] * (ROOM + 10)


def test_a_failure_leaves_its_room_to_the_next(door: Admission) -> None:
    for _ in range(ROOM * 2):
        with pytest.raises(RuntimeError):
            ask(door, "/fails")
    assert ask(door, "/x") == b"answered"


def test_it_is_stuck_when_all_are_inside_and_nobody_moves(door: Admission, inside: Inside) -> None:
    assert not door.stuck(0)
    with ThreadPoolExecutor() as threads:
        asked = fill(door, threads)
        assert door.stuck(0)
        assert not door.stuck(30)
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * ROOM
    assert not door.stuck(0)
