"""Requests that are here whole and find no place wait without a thread.

The server (granian) gives each request to a thread of its own pool, and with that thread the body has to be read; but
the answer may come from any other, later. So a thread that finds all places taken reads the body, hands the request
over and is free again, and the crew of the room answers it. Else as many threads as there are clients would take turns
at every request: with 64 clients that cost a third more processor time an event.
"""

import io
import time
from collections.abc import Callable
from threading import Thread
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

import granian.server.mp
from granian.wsgi import _callback_wrapper

from lib.admission import Admission, Place
from lib.bodies import LONGEST_BODY
from lib.body_forms import MEDIA_TYPE
from lib.crew import Job
from lib.logs import get_logger
from lib.room import Room

log = get_logger()

TICK = 0.1  # seconds between two looks for a line that does not move
WRAPPER = "_wsgi_call_wrap"  # how the server's module names what puts an application behind its protocol
IN_THE_WAY = ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING", "HTTP_EXPECT")  # of reading a body at once


class Client(Protocol):
    """How the server takes an answer."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send it."""


Answer = Callable[[Client, WSGIEnvironment], object]


class HandedOver(Job):
    """A request that is here whole, and is answered by whoever has a place for it."""

    __slots__ = ("_answer", "_client", "_environ", "_place")

    def __init__(self, answer: Answer, client: Client, environ: WSGIEnvironment, place: Place) -> None:
        self._answer = answer
        self._client = client
        self._environ = environ
        self._place = place

    def run(self) -> bool:
        """Answer it with the place that was taken for it; tell whether the place is still there for the next."""
        self._place.hold()
        self.refuse()
        return self._place.let_go()

    def refuse(self) -> None:
        """Answer it; without a place, that says so."""
        try:
            self._answer(self._client, self._environ)
        except Exception:
            log.exception("request failed outside the application")
            self._client.response_bytes(500, [], b"")


def install(admission: Admission, room: Room, is_expected: Callable[[WSGIEnvironment], bool]) -> None:
    """Have the server of this process hand over requests for a room; `is_expected` tells whose body is to be read.

    Whoever it does not expect may be refused whatever the body says, and is asked for no body before.
    Raises `RuntimeError` with a server that does not work as the one that is locked.
    """
    if not hasattr(granian.server.mp, WRAPPER):
        raise RuntimeError("this granian puts applications behind its protocol in another way: install the locked one")

    def wrapper(application: WSGIApplication, *options: Any) -> Answer:  # noqa: ANN401  # whatever the server hands to its own
        answer: Answer = _callback_wrapper(application, *options)

        def answer_or_hand_over(client: Client, environ: WSGIEnvironment) -> None:
            if room.is_full() and admission.room_of(environ["PATH_INFO"]) is room and is_expected(environ):
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                environ["wsgi.input"] = io.BytesIO(body)
                room.run_soon(HandedOver(answer, client, environ, admission.expect(environ, room)))
            else:
                answer(client, environ)

        return answer_or_hand_over

    setattr(granian.server.mp, WRAPPER, wrapper)
    Thread(target=_look_on, args=(room,), name="line", daemon=True).start()


def has_small_json(environ: WSGIEnvironment) -> bool:
    """Tell whether a request announces a body that would be taken: JSON as it is, and not too long."""
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ.get("CONTENT_TYPE") == MEDIA_TYPE
        and length.isdecimal()
        and int(length) <= LONGEST_BODY
        and not any(header in environ for header in IN_THE_WAY)
    )


def _look_on(room: Room) -> None:
    while True:
        time.sleep(TICK)
        room.refuse_stalled()
