"""How many requests a key may make: Flask-Limiter, and nothing at all while no limit is set."""

from typing import Any

from flask import Flask, Response, request

from app.access.guard import NO_KEY, current_key, required_scope
from app.config import Settings

HEADERS: dict[str, dict[str, Any]] = {
    "X-RateLimit-Limit": {
        "description": "where a limit is set: how many requests it allows in its span of time",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {"description": "how many of them are left", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "when all of them are there again, in seconds since 1970",
        "schema": {"type": "integer"},
    },
}
TOO_MANY = 429
WAIT = "X-RateLimit-Wait"  # between the limiter and us; no answer leaves with it


def init_app(app: Flask, settings: Settings) -> None:
    """Limit the requests of each key, or of each address where no keys are asked for; those open to all go uncounted.

    Comes after the guard, which tells whose request it is. A Redis that is away or silent is replaced by counts of this
    process until it is back: a limit must not stop events (A41).
    """
    if settings.rate_limit:
        app.after_request(tell_to_wait)  # comes after the limiter's own, which is the later one here
        _limit(app, settings.rate_limit, _bounded(settings.rate_limit_storage))


def _limit(app: Flask, limit: str, storage: str) -> None:
    from flask_limiter import HeaderNames, Limiter  # noqa: PLC0415  # only where there is a limit

    limiter = Limiter(
        whose,
        app=app,
        application_limits=[limit],
        storage_uri=storage,
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: WAIT},
    )
    limiter.request_filter(lambda: required_scope() == NO_KEY)


def _bounded(storage: str) -> str:
    if not storage.startswith("redis"):
        return storage
    from lib.shared_counts import SCHEME  # noqa: PLC0415  # redis-py comes with it

    return SCHEME + storage


def whose() -> str:
    """Return who is counted: the key, else the address."""
    key = current_key()
    return f"key:{key.prefix}" if key else f"address:{request.remote_addr}"


def tell_to_wait(answer: Response) -> Response:
    """Set `Retry-After` where the limit is reached; the limiter would at every answer, over a 503's own second."""
    wait = answer.headers.pop(WAIT, None)
    if wait is not None and answer.status_code == TOO_MANY:
        answer.headers["Retry-After"] = wait
    return answer
