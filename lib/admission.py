"""Admission control: so many requests are worked on at once, and threads are always left for the rest.

A server hands requests to threads. When those at work wait for a database that has stopped, others must be told so;
when clients are slow to send what they announced, nobody else may wait for them. So a request takes one of few places
only when it has arrived whole (`take_place`), and until then costs no more than a thread that sleeps. A request beyond
the places waits its turn only as long as those at work get on; when none has moved for a while, it is turned away.
"""

import time
from collections.abc import Iterable
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PLACE = "lib.admission"  # in the environment of a request


class NoPlace(Exception):
    """All places are taken, and none of those at work gets on."""

    def __init__(self) -> None:
        super().__init__("every place is taken, and none of those at work gets on")


class Room:
    """So many places. One that is left goes to whoever asks next: to hand it to a sleeper costs a change of threads."""

    def __init__(self, places: int, patience: float) -> None:
        """Take how many places there are, and for how many seconds without any progress one waits for them."""
        self._places = Semaphore(places)
        self._patience = patience
        self._moved_at = time.monotonic()

    def enter(self) -> bool:
        """Take a place, and say whether there was one; wait for it as long as those inside get on."""
        if not (self._places.acquire(blocking=False) or self._enter_later()):
            return False
        self._moved_at = time.monotonic()
        return True

    def leave(self) -> None:
        """Leave the place to others."""
        self._moved_at = time.monotonic()
        self._places.release()

    def _enter_later(self) -> bool:
        while (patience := self._moved_at + self._patience - time.monotonic()) > 0:
            if self._places.acquire(timeout=patience):
                return True
        return False


class Place:
    """What one request has of a room: nothing until it is taken."""

    __slots__ = ("_room", "taken_at")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken_at: float | None = None

    def take(self) -> None:
        """Take a place of the room, once; raises `NoPlace`."""
        if self.taken_at is None:
            if not self._room.enter():
                raise NoPlace
            self.taken_at = time.monotonic()

    def leave(self) -> None:
        """Leave the room, if it was entered."""
        if self.taken_at is not None:
            self._room.leave()


class Admission:
    """Lets up to `most` requests in, so many of them at work as the room has places.

    Those whose path begins with one of `exempt` pass by. What is beyond `most` gets the answer of `full`.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        room: Room,
        most: int,
        exempt: tuple[str, ...],
        full: WSGIApplication,
    ) -> None:
        self._application = application
        self._room = room
        self._most = most
        self._exempt = exempt
        self._full = full
        self._inside: set[Place] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or say that there are too many."""
        if environ["PATH_INFO"].startswith(self._exempt):
            return self._application(environ, start_response)
        if len(self._inside) >= self._most:
            return self._full(environ, start_response)
        place = environ[PLACE] = Place(self._room)
        self._inside.add(place)
        try:
            return self._application(environ, start_response)
        finally:
            self._inside.discard(place)
            place.leave()

    def longest_at_work(self) -> float:
        """Return for how many seconds the slowest of the requests at work has been so."""
        now = time.monotonic()
        return max((now - place.taken_at for place in tuple(self._inside) if place.taken_at is not None), default=0.0)


def take_place(environ: WSGIEnvironment) -> None:
    """Have a request that has arrived whole wait for its place among those at work; raises `NoPlace`.

    One that passes by, or was never counted, needs none.
    """
    if place := environ.get(PLACE):
        place.take()
