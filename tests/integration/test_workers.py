"""Work shared by processes: all of it or an error, and no process is left behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import psutil
import pytest

from lib.workers import WorkerFailed, Workers

Told = tuple[int, int]  # a number and the process that computed it


@contextmanager
def begin(given: str) -> Iterator[int]:
    if given == "no begin":
        raise RuntimeError("there is no table")
    yield os.getpid()


class Unpicklable(Exception):
    """Cannot travel between processes: what pickle would call has no argument."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{text} {number}")


@dataclass(frozen=True, slots=True)
class Times:
    """Tell a number as often as it says; some numbers are trouble."""

    number: int

    def __call__(self, process: int) -> list[Told]:
        if self.number == 13:
            raise ValueError("13 is trouble")
        if self.number == 12:
            raise Unpicklable(12, "no pickle of")
        if self.number == 14:
            os.kill(process, signal.SIGKILL)
        if self.number == 16:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.number in {15, 16}:
            time.sleep(60)
        return [(self.number, process)] * self.number


def times(*numbers: int) -> list[Times]:
    return [Times(number) for number in numbers]


def workers(count: int, given: str = "") -> Workers[str, int]:
    return Workers(begin, given, count)


Started = Callable[[], list[psutil.Process]]


@pytest.fixture(autouse=True)
def started() -> Iterator[Started]:
    """Return who was started since the test began: other children of these tests, a database say, are not its own."""
    before = set(children())

    def since() -> list[psutil.Process]:
        return [each for each in children() if each not in before]

    yield since
    deadline = time.monotonic() + 5
    while since() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not since()


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if "resource_tracker" not in command_of(each)]


def command_of(process: psutil.Process) -> str:
    """Return how a process was started; nothing of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # zombies among them
        return ""


def test_every_piece_is_done_once_by_a_free_worker() -> None:
    with workers(2) as own:
        shown = list(chain.from_iterable(own.each(times(1, 2, 3, 4))))
        assert sorted(piece for piece, _ in shown) == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4]
        assert list(own.each(times())) == []
        assert [[piece for piece, _ in shown] for shown in own.each(times(2))] == [[2, 2]], (
            "they go on with further pieces"
        )
        assert own.cpu_seconds > 0


FAILURES = [(12, "Unpicklable: no pickle of 12"), (13, "ValueError: 13 is trouble"), (14, "ended by signal 9")]


@pytest.mark.parametrize(("piece", "expected"), FAILURES)
def test_a_failing_worker_ends_all_work(piece: int, expected: str) -> None:
    with pytest.raises(WorkerFailed, match=expected), workers(2) as own:  # noqa: PT012  # what is not reached must not be
        list(own.each(times(1, piece, 15)))
        pytest.fail("a part was taken for the whole")


def test_a_worker_that_cannot_start_reports_why() -> None:
    with pytest.raises(WorkerFailed, match="RuntimeError: there is no table"), workers(1, "no begin") as own:
        list(own.each(times(1, 1)))


def test_a_worker_that_dies_between_two_pieces_is_noticed(started: Started) -> None:
    with pytest.raises(WorkerFailed, match="ended by signal 15"), workers(1) as own:  # noqa: PT012  # as above
        list(own.each(times(1)))
        [process] = started()
        process.terminate()
        while started():
            time.sleep(0.05)
        list(own.each(times(1)))


def test_a_worker_that_does_not_end_is_killed() -> None:
    with pytest.raises(KeyError, match="enough"), workers(1) as own:  # noqa: PT012  # as above
        for _ in own.each(times(1, 16)):
            raise KeyError("enough")


def test_an_interrupt_reaches_the_owner_and_ends_all_workers(started: Started) -> None:
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), workers(2) as own:  # noqa: PT012  # as above
        for _ in own.each(times(1, 15, 15)):
            for process in started():
                process.send_signal(signal.SIGINT)  # as a terminal would; they do not care
            os.kill(os.getpid(), signal.SIGINT)
    assert time.monotonic() - began < 30
