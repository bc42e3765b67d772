"""Admission control: requests of a kind share a room, and no kind takes the threads of another.

A server hands requests to a fixed number of threads. When all of them wait, for a database that has stopped or for
something slow that many ask for, no other request would be answered, and no health check. Here each kind of request
has a room with so many places. Whoever finds none free waits in a line, first come, first served, and only as long as
those inside get on: when none of them has moved for a while, the request is turned away at once. A line may have an
end, so that those who wait do not hold all threads either.

A request takes its place only when it has arrived whole (`take_place`): a client that is slow to send what it announced
costs no more than a thread that sleeps.
"""

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock, Timer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.gates import Gate, new_gate, passed

PLACE = "lib.admission.place"  # under which the environment of a request has its place
ASIDE = "lib.admission.aside"  # and under which it has what is to be done before its thread waits for long
NO_END = sys.maxsize  # of a line


def _nothing() -> None:
    pass


class Room:
    """Has `places` for requests at work, and a line of at most `line` that wait for one.

    They wait as long as somebody was let in or has finished within the last `patience` seconds, and for `longest`
    seconds at most. `rests` says for how many seconds a place that was used for so many is left empty, although
    somebody waits for it. Where the line is `aside`, those in it do not count among the threads at work.
    """

    def __init__(  # noqa: PLR0913  # each is a rule of its own
        self,
        places: int,
        *,
        patience: float,
        line: int = NO_END,
        rests: Callable[[float], float] | None = None,
        longest: float = math.inf,
        aside: bool = False,
    ) -> None:
        self._free = places
        self._patience = patience
        self._line = line
        self._rests = rests
        self._longest = longest
        self._aside = aside
        self._waiting: deque[Gate] = deque()
        self._lock = Lock()
        self._moved_at = time.monotonic()

    def enter(self, step_aside: Callable[[], None] = _nothing) -> bool:
        """Take a place, if need be after some waiting; False where there is none to be had."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return True
            gate = self._stand_in_line()
        if gate is None:
            return False
        if self._aside:
            step_aside()
        return self._let_in_later(gate)

    def leave(self) -> None:
        """Give the place to the first in the line, or leave it free."""
        with self._lock:
            self._moved_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def leave_after(self, seconds: float) -> None:
        """Leave a place that was used for so many seconds; it may have to rest before it is given on."""
        rest = self._rests(seconds) if self._rests and self._waiting else 0.0
        if rest > 0:
            self._moved_at = time.monotonic()
            ending = Timer(rest, self.leave)
            ending.daemon = True
            with suppress(RuntimeError):  # the system has no thread to give
                ending.start()
                return
        self.leave()

    def moved_within(self, seconds: float) -> bool:
        """Tell whether somebody was let in or has finished within the last so many seconds."""
        return time.monotonic() - self._moved_at < seconds

    def stuck(self, seconds: float) -> bool:
        """Tell whether all places have been taken, and nobody has moved, for so many seconds."""
        return not self._free and time.monotonic() - self._moved_at > seconds

    def _stand_in_line(self) -> "Gate | None":
        if len(self._waiting) >= self._line or self._patience_left() <= 0:
            return None
        gate = new_gate()
        self._waiting.append(gate)
        return gate

    def _patience_left(self) -> float:
        return self._moved_at + self._patience - time.monotonic()

    def _let_in_later(self, gate: Gate) -> bool:
        """Wait for a place, as long as those inside get on."""
        until = time.monotonic() + self._longest
        while (patience := min(self._patience_left(), until - time.monotonic())) > 0:
            if gate.acquire(timeout=patience):
                return True
        return passed(gate, self._waiting, self._lock)


class NoPlace(Exception):
    """No place in the room was to be had."""

    def __init__(self) -> None:
        super().__init__("every place for such requests is taken, and none of those at work gets on, or too many wait")


class Place:
    """What one request has of its room: nothing until it is taken, and nothing while it waits for something else.

    `whole_since` is when it was wanted first, of `time.monotonic`: by then the request was here.
    """

    __slots__ = ("_held", "_held_since", "_room", "step_aside", "whole_since")

    def __init__(self, room: Room, step_aside: Callable[[], None] = _nothing) -> None:
        self._room = room
        self.step_aside = step_aside
        self._held = False
        self._held_since = 0.0
        self.whole_since: float | None = None

    def take(self) -> None:
        """Have a place, if need be after some waiting; raises `NoPlace`. Does nothing where one is had already."""
        if self._held:
            return
        if self.whole_since is None:
            self.whole_since = time.monotonic()
        if not self._room.enter(self.step_aside):
            raise NoPlace
        self._held = True
        self._held_since = time.monotonic()

    def give_back(self) -> None:
        """Let somebody else have it; does nothing where none is had."""
        if self._held:
            self._held = False
            self._room.leave_after(time.monotonic() - self._held_since)


RoomOf = Callable[[str], Room | None]  # which room a path leads to; None: it passes by


class Admission:
    """Lets up to `most` requests in, each for a place in the room that `room_of` says for its path.

    Where it says None, the request passes by. What is beyond `most` gets the answer of `full`.
    """

    def __init__(self, application: WSGIApplication, *, room_of: RoomOf, most: int, full: WSGIApplication) -> None:
        self._application = application
        self._room_of = room_of
        self._most = most
        self._full = full
        self._inside: set[Place] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or say that there are too many."""
        room = self._room_of(environ["PATH_INFO"])
        if room is None:
            return self._application(environ, start_response)
        if len(self._inside) >= self._most:
            return self._full(environ, start_response)
        place = environ[PLACE] = Place(room, environ.get(ASIDE, _nothing))
        self._inside.add(place)
        try:
            return self._application(environ, start_response)
        finally:
            self._inside.discard(place)
            place.give_back()

    def longest_whole(self) -> float:
        """Return for how many seconds the slowest of the requests that are here whole has been so, unanswered."""
        now = time.monotonic()
        return max((now - place.whole_since for place in tuple(self._inside) if place.whole_since), default=0.0)


def take_place(environ: WSGIEnvironment) -> None:
    """Have a request that has arrived whole wait for its place among those at work; raises `NoPlace`.

    One that passes by has none.
    """
    if place := environ.get(PLACE):
        place.take()
