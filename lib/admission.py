"""Admission control: requests of a kind share a room, and no kind takes the threads of another.

A server hands requests to a fixed number of threads. When all of them wait, for a database that has stopped or for
something slow that many ask for, no other request would be answered, and no health check. Here each kind of request
has a room with so many places. Whoever finds none free waits in a line, first come, first served, and only as long as
those inside get on: when none of them has moved for a while, the request is turned away at once. A line may have an
end, so that those who wait do not hold all threads either.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.gates import Gate, new_gate, passed

PLACE = "lib.admission.place"  # under which the environment of a request has its place
NO_END = sys.maxsize  # of a line


class Room:
    """Has `places` for requests at work, and a line of at most `line` that wait for one.

    They wait as long as somebody was let in or has finished within the last `patience` seconds. `waited` is called for
    each that finds no place free, whether it waits or is turned away.
    """

    def __init__(
        self, places: int, *, patience: float, line: int = NO_END, waited: Callable[[], None] = lambda: None
    ) -> None:
        self._free = places
        self._patience = patience
        self._line = line
        self._waited = waited
        self._waiting: deque[Gate] = deque()
        self._lock = Lock()
        self._moved_at = time.monotonic()

    def enter(self) -> bool:
        """Take a place, if need be after some waiting; False where there is none to be had."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return True
            gate = self._stand_in_line()
        self._waited()
        return gate is not None and self._let_in_later(gate)

    def leave(self) -> None:
        """Give the place to the first in the line, or leave it free."""
        with self._lock:
            self._moved_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

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
        while (patience := self._patience_left()) > 0:
            if gate.acquire(timeout=patience):
                return True
        return passed(gate, self._waiting, self._lock)


class Place:
    """One request's place in its room, which may be given back while the request waits for something else."""

    __slots__ = ("_held", "_room")

    def __init__(self, room: Room) -> None:
        """Take over a place that was had by `Room.enter`."""
        self._room = room
        self._held = True

    def give_back(self) -> None:
        """Let somebody else have it; does nothing where it was given back before."""
        if self._held:
            self._held = False
            self._room.leave()

    def take_again(self) -> bool:
        """Have a place again, if need be after some waiting; False where there is none to be had."""
        self._held = self._room.enter()
        return self._held


RoomOf = Callable[[str], Room | None]  # which room a path leads to; None: it passes by


class Admission:
    """Lets each request into the room that `room_of` says for its path; where it says None, the request passes by.

    Where there is no place to be had, the request gets the answer of `full`.
    """

    def __init__(self, application: WSGIApplication, *, room_of: RoomOf, full: WSGIApplication) -> None:
        self._application = application
        self._room_of = room_of
        self._full = full

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request when there is a place, or say that there is none."""
        room = self._room_of(environ["PATH_INFO"])
        if room is None:
            return self._application(environ, start_response)
        if not room.enter():
            return self._full(environ, start_response)
        place = environ[PLACE] = Place(room)
        try:
            return self._application(environ, start_response)
        finally:
            place.give_back()
