"""Admission control: requests of a kind share a room, and no kind takes the threads of another.

A server hands requests to a fixed number of threads. When all of them wait, for a database that has stopped or for
something slow that many ask for, no other request would be answered, and no health check. Here each kind of request
has a room with so many places. Whoever finds none free waits in a line, first come, first served, and only as long as
those inside get on: when none of them has moved for a while, the request is turned away at once. A line may have an
end, so that those who wait do not hold all threads either.

A request takes its place only when it has arrived whole (`take_place`): a client that is slow to send what it announced
costs no more than a thread that sleeps. One that is here whole and finds no place can be handed over (lib.handover).
"""

import time
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.room import Room

PLACE = "lib.admission.place"  # under which the environment of a request has its place


class NoPlace(Exception):
    """No place in the room was to be had."""

    def __init__(self) -> None:
        super().__init__("every place for such requests is taken, and none of those at work gets on, or too many wait")


class Place:
    """What one request has of its room: nothing until it is taken, and nothing while it waits for something else.

    `whole_since` is when it was wanted first, of `time.monotonic`: by then the request was here.
    """

    __slots__ = ("_held", "_room", "whole_since")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = False
        self.whole_since: float | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether a place is had."""
        return self._held

    def hold(self) -> None:
        """Have the place that was taken for this request by whoever runs it."""
        self._held = True

    def let_go(self) -> bool:
        """Leave the place, where one is had, to whoever runs the request; tell whether one was."""
        held, self._held = self._held, False
        return held

    def take(self) -> None:
        """Have a place, if need be after some waiting; raises `NoPlace`. Does nothing where one is had already."""
        if self._held:
            return
        if self.whole_since is None:
            self.whole_since = time.monotonic()
        if not self._room.enter():
            raise NoPlace
        self._held = True

    def give_back(self) -> None:
        """Let somebody else have it; does nothing where none is had."""
        if self._held:
            self._held = False
            self._room.leave()


RoomOf = Callable[[str], Room | None]  # which room a path leads to; None: it passes by


class Admission:
    """Lets up to `most` requests in, each for a place in the room that `room_of` says for its path.

    Where it says None, the request passes by. What is beyond `most` gets the answer of `full`.
    """

    def __init__(self, application: WSGIApplication, *, room_of: RoomOf, most: int, full: WSGIApplication) -> None:
        self._application = application
        self.room_of = room_of
        self._most = most
        self._full = full
        self._inside: set[Place] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or say that there are too many."""
        room = self.room_of(environ["PATH_INFO"])
        if room is None:
            return self._application(environ, start_response)
        if PLACE in environ:
            return self._with_place(environ, start_response)
        if len(self._inside) >= self._most:
            return self._full(environ, start_response)
        place = environ[PLACE] = Place(room)
        self._inside.add(place)
        try:
            return self._application(environ, start_response)
        finally:
            self._inside.discard(place)
            place.give_back()

    def expect(self, environ: WSGIEnvironment, room: Room) -> Place:
        """Count in a request that is here whole and is handed over to wait for its place."""
        place = environ[PLACE] = Place(room)
        place.whole_since = time.monotonic()
        self._inside.add(place)
        return place

    def _with_place(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that was handed over: with its place, or that it has none; whoever runs it passes it on."""
        place: Place = environ[PLACE]
        try:
            return (self._application if place.is_held else self._full)(environ, start_response)
        finally:
            self._inside.discard(place)

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
