"""Only as many threads are awake as are useful; when some block, others are woken."""

import sys
import time
from collections.abc import Callable, Iterable
from threading import Event, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from lib import active_threads
from lib.active_threads import ActiveThreadLimit, CompleteAnswer
from lib.concurrency import MARK_BLOCKED

MAX_WAIT = 10  # seconds
MOST = 2


def start_response(*_: object) -> Callable[[bytes], object]:
    pytest.fail("nobody starts an answer here")


class Server:
    """Threads as a server has them: each sends one answer, closes it, and is free again."""

    def __init__(self) -> None:
        self.go = [Event() for _ in range(10)]
        self.mark_blocked = [Event() for _ in range(10)]
        self.begun: list[int] = []
        self.sent: list[int] = []
        self.threads: list[Thread] = []
        self.taken: list[None] = []
        self.limit = ActiveThreadLimit(self.answer, limit=MOST, on_full=lambda _: self.taken.append(None))

    def answer(self, environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        number = environ["number"]
        self.begun.append(number)
        if environ["kind"] == "aside":
            while not self.go[number].wait(0.001):
                if self.mark_blocked[number].is_set():
                    environ[MARK_BLOCKED]()
        assert self.go[number].wait(MAX_WAIT)
        if environ["kind"] == "fails":
            raise RuntimeError
        return iter([b"in ", b"parts"]) if environ["kind"] == "parts" else [b"wh", b"ole"]

    def begin(self, *numbers: int, kind: str = "whole") -> None:
        for number in numbers:
            thread = Thread(target=self._serve, args=(number, kind), daemon=True)
            thread.start()
            self.threads.append(thread)
        assert soon(lambda: set(numbers) <= set(self.begun))

    def _serve(self, number: int, kind: str) -> None:
        try:
            answer = self.limit({"number": number, "kind": kind}, start_response)
        except RuntimeError:
            return
        assert b"".join(answer) in {b"whole", b"in parts"}
        self.sent.append(number)
        if close := getattr(answer, "close", None):
            close()

    def let_go(self, *numbers: int) -> None:
        for number in numbers:
            self.go[number].set()
            assert soon(lambda number=number: number in self.sent)  # type: ignore[misc]  # mypy knows no defaults here

    def free(self) -> list[int]:
        return [number for number, thread in enumerate(self.threads) if not thread.is_alive()]


def soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MAX_WAIT
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(active_threads, "TICK", 3600)  # each test looks by itself
    return Server()


@pytest.mark.parametrize("kind", ["whole", "parts"])
def test_the_useful_number_of_threads_is_free_at_once(server: Server, kind: str) -> None:
    server.begin(0, kind=kind)
    assert server.taken == []
    server.begin(1, kind=kind)
    assert server.taken == [None], "all that are of use are at work now"
    server.let_go(1, 0)
    assert soon(lambda: server.free() == [0, 1])


def test_an_excess_thread_sleeps_after_its_answer_was_sent(server: Server) -> None:
    server.begin(0, 1, 2)
    server.let_go(0)
    time.sleep(0.05)
    assert server.free() == []
    server.let_go(1, 2)
    assert soon(lambda: server.free() == [1, 2])


def test_a_streaming_thread_never_sleeps(server: Server) -> None:
    """The server may have to close the connection when the thread returns."""
    server.begin(0, 1, 2, 3, kind="parts")
    server.let_go(0, 1, 2, 3)
    assert soon(lambda: server.free() == [0, 1, 2, 3])


def test_a_complete_answer_is_passed_on_in_one_part_and_released() -> None:
    """So that neither waits for a slow reader: the thread that sends it, and the memory of one that sleeps."""
    answer = [b"a" * 10, b"b" * 10]
    several = ActiveThreadLimit(lambda *_: answer, limit=-1, on_full=lambda _: None)
    last = several({}, start_response)
    assert list(last) == [b"".join(answer)]
    assert isinstance(last, CompleteAnswer)
    assert list(last) == []


def test_a_thread_about_to_block_wakes_another(server: Server) -> None:
    server.begin(0, 1, 2, 3, kind="aside")
    server.let_go(0, 1)
    server.mark_blocked[2].set()
    assert soon(lambda: server.free() == [1]), "once, however often it says so"
    server.let_go(2, 3)
    assert soon(lambda: server.free() == [1, 2, 3]), "the two that are left are no more than are of use"


def test_without_a_watching_thread_nobody_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    def no_thread(*_: object, **__: object) -> Thread:
        raise RuntimeError

    server.begin(0, 1, 2)
    monkeypatch.setattr(active_threads, "Thread", no_thread)
    server.let_go(0, 1, 2)
    assert soon(lambda: server.free() == [0, 1, 2])


def test_as_many_threads_are_woken_as_are_blocked(server: Server) -> None:
    server.begin(0, 1, 2, 3, 4)
    server.let_go(0, 1, 2)
    later = time.monotonic() + 2 * active_threads.BLOCKED_AFTER
    server.limit.check(later)
    assert soon(lambda: set(server.free()) == {1, 2}), "the two that slept last, for the two that are held up"
    server.limit.check(later)
    assert server.free() == [1, 2], "once for each"
    server.begin(5, 6)
    server.limit.check(later + 1)
    assert soon(lambda: server.free() == [0, 1, 2]), "and twice as many when these are held up as well"
    server.let_go(3, 4, 5, 6)
    server.limit.check(later + active_threads.ROUND + 2)
    assert soon(lambda: len(server.free()) == 7)


def test_sleeping_threads_are_woken_periodically(server: Server) -> None:
    """The server ends idle threads; it must never be left with sleeping ones only."""
    server.begin(0, 1, 2)
    server.let_go(0, 1, 2)
    assert soon(lambda: server.free() == [1, 2])
    server.limit.check(time.monotonic() + active_threads.ROUND / 2)
    time.sleep(0.05)
    assert server.free() == [1, 2]
    server.limit.check(time.monotonic() + active_threads.ROUND + 1)
    assert soon(lambda: server.free() == [0, 1, 2])


def test_the_watching_thread_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active_threads, "TICK", 0.001)
    server = Server()
    server.begin(0, 1, 2, 3)
    server.let_go(0, 1)
    assert soon(lambda: server.free() == [0, 1])
    server.let_go(2, 3)


def test_a_failed_request_no_longer_counts_as_working(server: Server) -> None:
    server.begin(0, 1, 2, kind="fails")
    for number in (0, 1, 2):
        server.go[number].set()
    assert soon(lambda: server.free() == [0, 1, 2])
    server.begin(3, 4)
    server.let_go(3, 4)
    assert soon(lambda: len(server.free()) == 5)


def test_with_many_threads_inside_each_computes_longer(server: Server) -> None:
    """And where they have left, those that compute make way soon again."""
    before = sys.getswitchinterval()
    try:
        server.go += [Event() for _ in range(active_threads.MANY + 1)]
        server.begin(*range(active_threads.MANY + 1))
        assert sys.getswitchinterval() == pytest.approx(active_threads.BUSY_SWITCH_INTERVAL)
        server.let_go(*range(active_threads.MANY + 1))
        assert sys.getswitchinterval() == pytest.approx(active_threads.SWITCH_INTERVAL)
        server.limit.check(time.monotonic() + active_threads.ROUND + 1)
    finally:
        sys.setswitchinterval(before)
