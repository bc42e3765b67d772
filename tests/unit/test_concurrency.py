"""Which requests enter, wait or are turned away, and that each kind of request has its own limit (A37)."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

import app.rooms
from app.rooms import REST, make_rooms
from lib.concurrency import SLOT, UNBOUNDED, AdmissionControl, ConcurrencyLimit, NoFreeSlot, Slot, acquire_slot
from tests.settings import settings_with

PATIENCE = 0.2
PLACES = 2
MOST = 30


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
            return [b"no place"]
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
    def make(patience: float = PATIENCE, line: int = UNBOUNDED) -> AdmissionControl:
        room, other = (
            ConcurrencyLimit(PLACES, stall_timeout=patience, max_waiting=line),
            ConcurrencyLimit(1, stall_timeout=patience),
        )
        rooms = {"/health/live": None, "/other": other}
        return AdmissionControl(
            inside, limit_for=lambda path: rooms.get(path, room), max_requests=MOST, reject=lambda *_: [b"full"]
        )

    return make


@pytest.fixture
def door(door_of: Door) -> AdmissionControl:
    return door_of()


def ask(door: AdmissionControl, path: str) -> bytes:
    return b"".join(door({"PATH_INFO": path}, no_answer))  # type: ignore[arg-type]  # nothing else of it is used


def fill(door: AdmissionControl, threads: ThreadPoolExecutor, more: int = 0) -> list[Future[bytes]]:
    """Send more requests than there are slots; return when all are inside or queued."""
    room = door._limit_for("/slow")  # noqa: SLF001  # whether they are there is seen nowhere else
    assert room
    asked = [threads.submit(ask, door, "/slow") for _ in range(PLACES + more)]
    while room._free or len(room._waiting) < more:  # noqa: SLF001
        time.sleep(0.01)
    return asked


def test_a_stalled_limit_turns_requests_away_after_a_while_then_at_once(door: AdmissionControl, inside: Inside) -> None:
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


def test_a_request_still_arriving_takes_no_slot(door: AdmissionControl, inside: Inside) -> None:
    """A33."""
    with ThreadPoolExecutor(MOST) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MOST - 1)]
        assert ask(door, "/x") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}


def test_beyond_the_maximum_a_request_is_turned_away_at_once(door: AdmissionControl, inside: Inside) -> None:
    with ThreadPoolExecutor(MOST) as threads:
        arriving = [threads.submit(ask, door, "/arriving") for _ in range(MOST)]
        while len(door._inside) < MOST:  # noqa: SLF001  # as above
            time.sleep(0.01)
        assert ask(door, "/x") == b"full"
        assert ask(door, "/health/live") == b"answered"
        inside.go.set()
        assert {each.result() for each in arriving} == {b"answered"}
    assert ask(door, "/x") == b"answered"


def test_the_age_of_the_slowest_complete_request_is_known(door: AdmissionControl, inside: Inside) -> None:
    """Those that wait for a place count as well: they are not slow clients."""
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
    door = door_of(patience=30)
    with ThreadPoolExecutor(PLACES + 10) as threads:
        asked = fill(door, threads, more=10)
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * (PLACES + 10)


def test_a_full_queue_turns_requests_away_at_once(door_of: Door, inside: Inside) -> None:
    door = door_of(patience=30, line=3)
    with ThreadPoolExecutor(PLACES + 3) as threads:
        asked = fill(door, threads, more=3)
        assert ask(door, "/x") == b"no place"
        inside.go.set()
        assert [each.result() for each in asked] == [b"answered"] * (PLACES + 3)


@pytest.mark.parametrize("path", ["/fails", "/back"])
def test_a_released_slot_goes_to_the_next_exactly_once(door: AdmissionControl, inside: Inside, path: str) -> None:
    for _ in range(PLACES * 2):
        if path == "/fails":
            with pytest.raises(RuntimeError):
                ask(door, path)
        else:
            ask(door, path)
    with ThreadPoolExecutor() as threads:
        fill(door, threads)
        assert ask(door, "/x") == b"no place", "there are no more places than before"
        inside.go.set()


def test_a_returned_slot_is_retaken_only_if_one_is_free() -> None:
    room = ConcurrencyLimit(1, stall_timeout=PATIENCE)
    place, other = Slot(room), Slot(room)
    place.take()
    place.take()  # that it has
    place.give_back()
    place.give_back()  # of one that it does not have
    place.take()
    place.give_back()
    other.take()
    with pytest.raises(NoFreeSlot):
        place.take()
    place.give_back()
    with pytest.raises(NoFreeSlot):
        Slot(room).take()
    other.give_back()
    place.take()


def test_events_have_their_own_limit_and_health_has_none() -> None:
    rooms = make_rooms(settings_with(web_threads=4, read_threads=2))
    room_of = rooms.room_for
    events, reading, metrics = (room_of(path) for path in ("/event", "/users/1", "/metrics"))
    assert None not in {events, reading, metrics}
    assert len({events, reading, metrics}) == 3
    assert {room_of(path) for path in ("/event/", "/api/events")} == {events}
    others = ("/alerts", "/alerts/1/1/30", "/rules/1/publish", "/users", "/users/1/events", "/docs", "/eventually")
    assert {room_of(path) for path in others} == {reading}
    assert room_of("/health/ready") is room_of("/health/live") is None


def test_a_limit_is_stuck_when_full_and_nothing_finishes() -> None:
    room = ConcurrencyLimit(2, stall_timeout=PATIENCE)
    assert room.enter()
    assert not room.is_stalled(0), "a place is free"
    assert room.enter()
    assert room.is_stalled(0)
    assert not room.is_stalled(30), "somebody came in just now"
    room.leave()
    assert not room.is_stalled(0)


def passed_on_after(room: ConcurrencyLimit, *, used: float) -> float:
    """Return how many seconds after it was left a place that was used for so long went to who waited for it."""
    waits = Event()
    first, second = Slot(room), Slot(room, waits.set)
    first.take()
    time.sleep(used)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(second.take)
        assert waits.wait(10)
        left_at = time.monotonic()
        first.give_back()
        waiting.result()
    second.give_back()
    return time.monotonic() - left_at


def test_a_contended_slot_rests_before_reuse() -> None:
    used = []

    def rests(seconds: float) -> float:
        used.append(seconds)
        return PATIENCE / 2

    room = ConcurrencyLimit(1, stall_timeout=PATIENCE, cooldown=rests, marks_blocked=True)
    assert passed_on_after(room, used=0.01) >= PATIENCE / 2
    assert [seconds >= 0.01 for seconds in used] == [True], "not the second, for which nobody waits"


def test_reading_rests_only_while_events_run(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = make_rooms(settings_with(read_threads=1)).room_for
    reading = rooms("/alerts")
    assert reading
    event = Slot(rooms("/event") or pytest.fail("events have no room"))
    event.take()
    assert passed_on_after(reading, used=0.05) >= REST * 0.05
    for name, value in (("WITHOUT_EVENTS", 0.0), ("REST", 1e9), ("MAX_REST", 60.0)):
        monkeypatch.setattr(app.rooms, name, value)
    assert passed_on_after(reading, used=0.05) < 30


@pytest.mark.parametrize("aside", [True, False])
def test_waiting_requests_do_not_count_as_working(aside: bool) -> None:  # noqa: FBT001  # as pytest has it
    room, stepped = ConcurrencyLimit(1, stall_timeout=PATIENCE, marks_blocked=aside), Event()
    Slot(room).take()
    with pytest.raises(NoFreeSlot):
        Slot(room, stepped.set).take()
    assert stepped.is_set() is aside


def test_nobody_waits_longer_than_the_maximum_even_if_the_queue_moves() -> None:
    room = ConcurrencyLimit(1, stall_timeout=10, max_wait=PATIENCE)
    Slot(room).take()
    with pytest.raises(NoFreeSlot):
        Slot(room).take()
