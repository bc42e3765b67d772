"""An id for each request: in every log line that it causes, and in the answer.

A WSGI middleware rather than hooks of Flask: it covers what Flask refuses before its hooks run, and costs a third.
"""

import re
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from random import getrandbits
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")  # what is safe in a header, a log line and a file name

_current: ContextVar[tuple[str, float] | None] = ContextVar("request", default=None)  # id, when it came


class RequestIds:
    """Gives each request its id: the caller's own where it is well-formed, else a new one (A13)."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request with its id bound as long as the application works on it."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if WELL_FORMED.fullmatch(given) else new_id()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            headers.append((HEADER, request_id))
            return start_response(status, headers, *more)

        bound = _current.set((request_id, perf_counter()))
        try:
            return self._application(environ, start)
        finally:
            _current.reset(bound)


def new_id() -> str:
    """Return an id that no other request has: nobody may rely on its not being guessed.

    Of `random`, as the system's own source would have a thread let go of the interpreter (lib.kept_sessions).
    """
    return f"{getrandbits(128):032x}"


def current_request_id() -> str:
    """Return the id of the request that is being answered; outside of one, nothing."""
    current = _current.get()
    return current[0] if current else ""


def seconds_so_far() -> float:
    """Return how long the request has been with us; outside of one, 0."""
    current = _current.get()
    return perf_counter() - current[1] if current else 0.0


def milliseconds_so_far() -> float:
    """Return the same in milliseconds to three places."""
    return round(seconds_so_far() * 1000, 3)


def add_request_id(_: object, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the id into a log record, as a processor of structlog's."""
    current = _current.get()
    if current:
        record["request_id"] = current[0]
    return record
