"""An id for each request: in every log line that it causes, and in the answer."""

import re
from time import perf_counter
from uuid import uuid4

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, unbind_contextvars

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")  # what is safe in a header, a log line and a file name


def init_app(app: Flask) -> None:
    """Give each request its id: the caller's own, where it is well-formed, else a new one."""
    app.before_request(_bind)
    app.after_request(_answer_with)
    app.teardown_request(_unbind)


def current_request_id() -> str:
    """Return the id of the request that is being answered."""
    request_id: str = g.request_id
    return request_id


def milliseconds_so_far() -> float:
    """Return how long the request has been with us, in milliseconds to three places."""
    started: float = g.request_started
    return round((perf_counter() - started) * 1000, 3)


def _bind() -> None:
    given = request.headers.get(HEADER, "")
    g.request_started = perf_counter()
    g.request_id = given if WELL_FORMED.fullmatch(given) else uuid4().hex
    bind_contextvars(request_id=g.request_id)


def _answer_with(answer: Response) -> Response:
    answer.headers[HEADER] = g.request_id
    return answer


def _unbind(_: BaseException | None) -> None:
    unbind_contextvars("request_id")
