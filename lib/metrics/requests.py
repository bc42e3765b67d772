"""Counts and times every answer by its route, not its path, so that clients cannot create new series."""

from functools import cache
from wsgiref.types import WSGIEnvironment

from lib.metrics.kinds import Counter, Histogram
from lib.request_ids import seconds_so_far

BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # seconds

REQUESTS = Counter("http_requests", "Requests answered, by method, route and status.", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Seconds from a request's arrival to its answer, by route.",
    ["route"],
    buckets=BOUNDS,
)
REFUSALS = Counter("http_refusals", "Requests refused, by kind of problem.", ["problem"])

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER_METHOD = "other"
NO_ROUTE = "unmatched"  # an unknown path, or one without this method

refusal_count = cache(REFUSALS.labels)
request_count = cache(REQUESTS.labels)
request_seconds = cache(SECONDS.labels)


def count_answer(environ: WSGIEnvironment, status: str) -> None:
    """Count a request and its duration so far, when Flask begins to answer: it forgets the route afterwards."""
    request = environ.get("werkzeug.request")
    rule = request and request.url_rule
    method = environ["REQUEST_METHOD"]
    route = rule.rule if rule else NO_ROUTE
    request_count(method if method in METHODS else OTHER_METHOD, route, status[:3]).inc()
    request_seconds(route).observe(seconds_so_far())
