"""Admission control: so many requests are worked on at once, and a few threads are always left for the rest.

A server hands requests to a fixed number of threads. When all of them wait for a database that has stopped, nobody
could be told so, and no health check would be answered. Here a request beyond those that are let in waits only as
long as the ones inside get on; when none of them has moved for a while, it is turned away at once.
"""

import time
from collections.abc import Iterable
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.metrics.kinds import Counter

WAITED = Counter("http_requests_waited", "Requests that found every thread taken: they waited, or were turned away.")
WAITS = "http_requests_waited_total"  # the name of its number


class Admission:
    """Lets `room` requests in at a time; those whose path begins with one of `exempt` pass by.

    When all are taken and none was let in or finished for `patience` seconds, others get the answer of `full`.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        room: int,
        patience: float,
        exempt: tuple[str, ...],
        full: WSGIApplication,
    ) -> None:
        self._application = application
        self._room = Semaphore(room)
        self._patience = patience
        self._exempt = exempt
        self._full = full
        self._moved_at = time.monotonic()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request when there is room, or say that there is none."""
        if environ["PATH_INFO"].startswith(self._exempt):
            return self._application(environ, start_response)
        if not (self._room.acquire(blocking=False) or self._let_in_later()):
            return self._full(environ, start_response)
        self._moved_at = time.monotonic()
        try:
            return self._application(environ, start_response)
        finally:
            self._moved_at = time.monotonic()
            self._room.release()

    def _let_in_later(self) -> bool:
        """Wait for room, as long as those inside get on."""
        WAITED.inc()
        while (patience := self._moved_at + self._patience - time.monotonic()) > 0:
            if self._room.acquire(timeout=patience):
                return True
        return False
