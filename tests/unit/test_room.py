"""Jobs wait for a place of a room without a thread."""

import threading
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from lib.crew import Job
from lib.room import Room

PATIENCE = 0.2


class Task(Job):
    """A job that says when it runs, and goes on when it is told to."""

    def __init__(self, log: list[str], name: str, *, keeps: bool = False) -> None:
        self.log = log
        self.name = name
        self.keeps = keeps
        self.runs, self.goes_on = Event(), Event()

    def run(self) -> bool:
        """Take as long as the test wants."""
        self.runs.set()
        assert self.goes_on.wait(10)
        self.log.append(f"{self.name} by {threading.current_thread().name.partition('-')[0]}")
        return not self.keeps

    def refuse(self) -> None:
        """Write it down."""
        self.log.append(f"{self.name} refused")


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def room() -> Room:
    return Room(1, patience=PATIENCE, line=2)


@pytest.fixture
def first(room: Room, log: list[str]) -> Iterator[Task]:
    """A job that has the only place, in a thread of whoever handed it over."""
    task = Task(log, "first")
    thread = Thread(target=room.run_soon, args=(task,), name="own")
    thread.start()
    assert task.runs.wait(10)
    yield task
    task.goes_on.set()
    thread.join(10)


def test_where_a_place_is_free_the_caller_runs_it(room: Room, log: list[str]) -> None:
    task = Task(log, "one")
    task.goes_on.set()
    room.run_soon(task)
    assert log == ["one by MainThread"]
    assert not room.is_full()


def test_those_who_wait_are_run_by_the_crew_in_their_order(room: Room, first: Task, log: list[str]) -> None:
    waiting = [Task(log, "second"), Task(log, "third")]
    for task in waiting:
        room.run_soon(task)
        task.goes_on.set()
    assert log == []
    assert room.is_full()
    first.goes_on.set()
    await_places(room)
    assert log == ["first by own", "second by crew", "third by crew"]


def test_beyond_the_end_of_the_line_one_is_refused_at_once(room: Room, first: Task, log: list[str]) -> None:
    del first
    waiting = [Task(log, str(number)) for number in range(3)]
    for task in waiting:
        room.run_soon(task)
    assert log == ["2 refused"]
    for task in waiting:
        task.goes_on.set()


def test_where_nobody_gets_on_the_line_is_refused_and_then_all_at_once(
    room: Room, first: Task, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    room.run_soon(Task(log, "second"))
    room.refuse_stalled()
    assert log == []
    monkeypatch.setattr(room, "_moved_at", room._moved_at - PATIENCE)  # noqa: SLF001  # instead of sleeping
    room.refuse_stalled()
    room.run_soon(Task(log, "third"))
    assert log == ["second refused", "third refused"]
    first.goes_on.set()
    await_places(room)


def test_threads_and_jobs_stand_in_one_line(room: Room, first: Task, log: list[str]) -> None:
    task = Task(log, "second")
    room.run_soon(task)
    thread = Thread(target=lambda: log.append(f"third let in: {room.enter()}"))
    thread.start()
    while len(room._waiting) < 2:  # noqa: SLF001  # seen nowhere else
        pass
    first.goes_on.set()
    assert task.runs.wait(10)
    assert log == ["first by own"]
    task.goes_on.set()
    thread.join(10)
    assert log == ["first by own", "second by crew", "third let in: True"]
    room.leave()
    assert not room.is_full()


def test_a_job_that_lost_its_place_passes_none_on(room: Room, log: list[str]) -> None:
    task = Task(log, "one", keeps=True)
    task.goes_on.set()
    room.run_soon(task)
    assert room.is_full()


def test_a_thread_of_the_crew_runs_the_next_as_well(room: Room, first: Task, log: list[str]) -> None:
    second, third = Task(log, "second"), Task(log, "third")
    room.run_soon(second)
    first.goes_on.set()
    assert second.runs.wait(10)
    second.goes_on.set()
    await_places(room)
    before = threading.active_count()
    blocking = Task(log, "own")
    own = Thread(target=room.run_soon, args=(blocking,))
    own.start()
    assert blocking.runs.wait(10)
    room.run_soon(third)
    third.goes_on.set()
    blocking.goes_on.set()
    own.join(10)
    await_places(room)
    assert log[-1] == "third by crew"
    assert threading.active_count() <= before, "no other thread was made"


def test_without_another_thread_whoever_leaves_runs_what_waits(
    room: Room, first: Task, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    task = Task(log, "second")
    task.goes_on.set()
    room.run_soon(task)
    monkeypatch.setattr("lib.crew.Thread", none_left)
    first.goes_on.set()
    await_places(room)
    assert log == ["first by own", "second by own"]


def await_places(room: Room) -> None:
    """Return when the place is free."""
    waited = Event()
    for _ in range(1000):
        if not room.is_full():
            return
        waited.wait(0.01)
    raise AssertionError("the place is not free")
