"""Every request, counted and timed: by its route, so that no client can make up new series."""

from collections.abc import Callable, Iterable
from functools import cache
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.metrics.kinds import Counter, Histogram

REQUESTS = Counter("http_requests", "Requests answered, by method, route and status.", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Seconds from a request's arrival to its answer, by route.",
    ["route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
REFUSALS = Counter("http_refusals", "Requests refused, by kind of problem.", ["problem"])

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER_METHOD = "other"
NO_ROUTE = "unmatched"  # a path that is nobody's, or one that does not take the method

# Asking a metric for the one with certain labels costs more than adding to it.
requests_of = cache(REQUESTS.labels)
seconds_of = cache(SECONDS.labels)
refusals_of = cache(REFUSALS.labels)


class RequestMetrics:
    """Counts and times each request around an application of Flask, which finds the route."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""
        began = perf_counter()
        route, answered = NO_ROUTE, "500"

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            nonlocal route, answered
            route, answered = route_of(environ), status[:3]  # now: with its answer, Flask forgets the request
            return start_response(status, headers, *more)

        try:
            return self._application(environ, start)
        finally:
            requests_of(known_method(environ["REQUEST_METHOD"]), route, answered).inc()
            seconds_of(route).observe(perf_counter() - began)


def known_method(method: str) -> str:
    """Return the method, when it is one of HTTP's usual ones: a client may send any word."""
    return method if method in METHODS else OTHER_METHOD


def route_of(environ: WSGIEnvironment) -> str:
    """Return the rule that Flask found for the path, such as /users/<int:user_id>, while it answers."""
    request = environ.get("werkzeug.request")
    rule = request and request.url_rule
    return str(rule.rule) if rule else NO_ROUTE
