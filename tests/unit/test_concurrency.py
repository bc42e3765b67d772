"""Which requests enter, wait or are turned away, and that each kind of request has its own limit (A37)."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

import app.bulkheads
from app.bulkheads import COOLDOWN, make_bulkheads
from lib.concurrency import SLOT, UNBOUNDED, AdmissionControl, ConcurrencyLimit, NoFreeSlot, Slot, acquire_slot
from tests.settings import settings_with

STALL_TIMEOUT = 0.2
SLOTS = 2
MAX_REQUESTS = 30


class Inside:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.go = Event()

    def __call__(self, environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/arriving":
            self.go.wait(10)
        try:
            acquire_slot(environ)
        except NoFreeSlot:
            return [b"rejected"]
        if environ["PATH_INFO"] == "/fails":
            raise RuntimeError
        if environ["PATH_INFO"] == "/back":
            environ[SLOT].give_back()
        if environ["PATH_INFO"] == "/slow":
            self.go.wait(10)
        return [b"answered"]


def no_answer(*_: object) -> object:
    pytest.fail("nobody starts an answer here")


@pytest.fixture
def inside() -> Inside:
    return Inside()


Door = Callable[..., AdmissionControl]


@pytest.fixture
def door_of(inside: Inside) -> Door:
    def make(stall_timeout: float = STALL_TIMEOUT, max_waiting: int = UNBOUNDED) -> AdmissionControl:
        limit, other = (
            ConcurrencyLimit(SLOTS, stall_timeout=stall_timeout, max_waiting=max_waiting),
            ConcurrencyLimit(1, stall_timeout=stall_timeout),
        )
        limits = {"/health/live": None, "/other": other}
        return AdmissionControl(
            inside,
            limit_for=lambda path: limits.get(path, limit),
            max_requests=MAX_REQUESTS,
            reject=lambda *_: [b"full"],
        )

    return make


@pytest.fixture
def door(door_of: Door) -> AdmissionControl:
    return door_of()


def ask(door: AdmissionControl, path: str) -> bytes:
    return b"".join(door({"PATH_INFO": path}, no_answer))  # type: ignore[arg-type]  # nothing else of it is used


def fill(door: AdmissionControl, threads: ThreadPoolExecutor, more: int = 0) -> list[Future[bytes]]:
    """Send more requests than there are slots; return when all are inside or queued."""
    limit = door._limit_for("/slow")  # noqa: SLF001  # whether they are there is seen nowhere else
    assert limit
    asked = [threads.submit(ask, door, "/slow") for _ in range(SLOTS + more)]
    while limit._free or len(limit._waiting) < more:  # noqa: SLF001
        time.sleep(0.01)
    return asked


def test_a_stalled_limit_turns_requests_away_after_a_while_then_at_once(door: AdmissionControl, inside: Inside) -> None:
    with ThreadPoolExecutor() as threads:
        asked = fill(door, threads)
        began = time.monotonic()
        assert ask(door, "/x") == b"rejected"
        assert time.monotonic() - began >= STALL_TIMEOUT / 2
        began = time.monotonic()
        assert [ask(door, "/x") for _ in range(100)] == [b"rejected"] * 100
        assert time.monotonic() - began < STALL_TIMEOUT * 10  # waiting each time would take ten times that
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * SLOTS
    assert ask(door, "/x") == b"answered"


def test_a_request_still_arriving_takes_no_slot(door: AdmissionControl, inside: Inside) -> None:
    """A33."""
    with ThreadPoolExecutor(MAX_REQUESTS) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MAX_REQUESTS - 1)]
        assert ask(door, "/x") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}


def test_beyond_the_maximum_a_request_is_turned_away_at_once(door: AdmissionControl, inside: Inside) -> None:
    with ThreadPoolExecutor(MAX_REQUESTS) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MAX_REQUESTS)]
        while len(door._inside) < MAX_REQUESTS:  # noqa: SLF001  # as above
            time.sleep(0.01)
        assert ask(door, "/x") == b"full"
        assert ask(door, "/health/live") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}
    assert ask(door, "/x") == b"answered"


def test_the_age_of_the_slowest_complete_request_is_known(door: AdmissionControl, inside: Inside) -> None:
    """Those that wait for a slot count as well: they are not slow clients."""
    assert door.oldest_request_age() == 0
    with ThreadPoolExecutor() as threads:
        fill(door, threads, more=1)
        time.sleep(0.02)
        assert door.oldest_request_age() >= 0.02
        inside.go.set()
    assert door.oldest_request_age() == 0


def test_health_and_other_limits_are_unaffected(door: AdmissionControl, inside: Inside) -> None:
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        assert ask(door, "/health/live") == b"answered"
        assert ask(door, "/other") == b"answered"
        inside.go.set()


def test_a_waiting_request_enters_when_another_finishes(door_of: Door, inside: Inside) -> None:
    door = door_of(stall_timeout=30)
    with ThreadPoolExecutor(SLOTS + 10) as threads:
        asked = fill(door, threads, more=10)
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * (SLOTS + 10)


def test_a_full_queue_turns_requests_away_at_once(door_of: Door, inside: Inside) -> None:
    door = door_of(stall_timeout=30, max_waiting=3)
    with ThreadPoolExecutor(SLOTS + 3) as threads:
        asked = fill(door, threads, more=3)
        assert ask(door, "/x") == b"rejected"
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * (SLOTS + 3)


@pytest.mark.parametrize("path", ["/fails", "/back"])
def test_a_released_slot_goes_to_the_next_exactly_once(door: AdmissionControl, inside: Inside, path: str) -> None:
    for _ in range(SLOTS * 2):
        if path == "/fails":
            with pytest.raises(RuntimeError):
                ask(door, path)
        else:
            ask(door, path)
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        assert ask(door, "/x") == b"rejected", "there are no more slots than before"
        inside.go.set()


def test_a_returned_slot_is_retaken_only_if_one_is_free() -> None:
    limit = ConcurrencyLimit(1, stall_timeout=STALL_TIMEOUT)
    slot, other = Slot(limit), Slot(limit)
    slot.take()
    slot.take()  # that it has
    slot.give_back()
    slot.give_back()  # of one that it does not have
    slot.take()
    slot.give_back()
    other.take()
    with pytest.raises(NoFreeSlot):
        slot.take()
    slot.give_back()
    with pytest.raises(NoFreeSlot):
        Slot(limit).take()
    other.give_back()
    slot.take()


def test_events_have_their_own_limit_and_health_has_none() -> None:
    limit_for = make_bulkheads(settings_with(web_threads=4, read_threads=2)).limit_for
    events, reading, metrics = (limit_for(path) for path in ("/event", "/users/1", "/metrics"))
    assert None not in {events, reading, metrics}
    assert len({events, reading, metrics}) == 3
    assert {limit_for(path) for path in ("/event/", "/api/events")} == {events}
    others = ("/alerts", "/alerts/1/1/30", "/rules/1/publish", "/users", "/users/1/events", "/docs", "/eventually")
    assert {limit_for(path) for path in others} == {reading}
    assert limit_for("/health/ready") is limit_for("/health/live") is None


def test_a_limit_is_stuck_when_full_and_nothing_finishes() -> None:
    limit = ConcurrencyLimit(2, stall_timeout=STALL_TIMEOUT)
    assert limit.enter()
    assert not limit.is_stalled(0), "a slot is free"
    assert limit.enter()
    assert limit.is_stalled(0)
    assert not limit.is_stalled(30), "a request entered just now"
    limit.leave()
    assert not limit.is_stalled(0)


def handed_on_after(limit: ConcurrencyLimit, *, used: float) -> float:
    """Return the seconds from freeing a slot, after `used` seconds, until the waiting request has it."""
    waits = Event()
    first, second = Slot(limit), Slot(limit, waits.set)
    first.take()
    time.sleep(used)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(second.take)
        assert waits.wait(10)
        freed_at = time.monotonic()
        first.give_back()
        waiting.result()
    second.give_back()
    return time.monotonic() - freed_at


def test_a_contended_slot_cools_down_before_reuse() -> None:
    used = []

    def cooldown(seconds: float) -> float:
        used.append(seconds)
        return STALL_TIMEOUT / 2

    limit = ConcurrencyLimit(1, stall_timeout=STALL_TIMEOUT, cooldown=cooldown, marks_blocked=True)
    assert handed_on_after(limit, used=0.01) >= STALL_TIMEOUT / 2
    assert [seconds >= 0.01 for seconds in used] == [True], "not the second, for which no request waits"


def test_reading_cools_down_only_while_events_run(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_for = make_bulkheads(settings_with(read_threads=1)).limit_for
    reading = limit_for("/alerts")
    assert reading
    event = Slot(limit_for("/event") or pytest.fail("events have no limit"))
    event.take()
    assert handed_on_after(reading, used=0.05) >= COOLDOWN * 0.05
    for name, value in (("WITHOUT_EVENTS", 0.0), ("COOLDOWN", 1e9), ("MAX_COOLDOWN", 60.0)):
        monkeypatch.setattr(app.bulkheads, name, value)
    assert handed_on_after(reading, used=0.05) < 30


@pytest.mark.parametrize("marks", [True, False])
def test_waiting_requests_do_not_count_as_working(marks: bool) -> None:  # noqa: FBT001  # as pytest has it
    limit, blocked = ConcurrencyLimit(1, stall_timeout=STALL_TIMEOUT, marks_blocked=marks), Event()
    Slot(limit).take()
    with pytest.raises(NoFreeSlot):
        Slot(limit, blocked.set).take()
    assert blocked.is_set() is marks


def test_nobody_waits_longer_than_the_maximum_even_if_the_queue_moves() -> None:
    limit = ConcurrencyLimit(1, stall_timeout=10, max_wait=STALL_TIMEOUT)
    Slot(limit).take()
    with pytest.raises(NoFreeSlot):
        Slot(limit).take()
