"""An id for each request, which is in all of its log lines and in its response.

This is WSGI middleware instead of Flask's hooks: it also covers what Flask refuses before its hooks run, at a third of
the cost.
"""

import re
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from random import getrandbits
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")  # safe in headers, log lines and file names

_current: ContextVar[tuple[str, float] | None] = ContextVar("request", default=None)  # id, start


class RequestIds:
    """Middleware that gives each request its id: the caller's own if it is well-formed, or else a new one (A13)."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, with its id set while the application works on it."""
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
    """Return a unique id, which may be guessable.

    It comes from `random`: reading the system's source makes a thread release the interpreter (lib.kept_sessions).
    """
    return f"{getrandbits(128):032x}"


def current_request_id() -> str:
    """Return the id of the current request; outside of a request, ""."""
    current = _current.get()
    return current[0] if current else ""


def seconds_so_far() -> float:
    """Return how long the current request has taken so far; outside of a request, 0."""
    current = _current.get()
    return perf_counter() - current[1] if current else 0.0


def milliseconds_so_far() -> float:
    """Return the same in milliseconds to three places."""
    return round(seconds_so_far() * 1000, 3)


def add_request_id(_: object, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the id to a log record; this is a processor for structlog."""
    current = _current.get()
    if current:
        record["request_id"] = current[0]
    return record
