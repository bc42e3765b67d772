"""The rate limit of keys: Flask-Limiter, loaded only if a limit is set."""

from typing import Any

from flask import Flask, Response, request

from app.access.guard import NO_KEY, current_key, required_scope
from app.config import Settings

HEADERS: dict[str, dict[str, Any]] = {
    "X-RateLimit-Limit": {
        "description": "where a limit is set: the number of requests that it allows in its span of time",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {"description": "the number of requests left", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "when the full number is available again, in seconds since 1970",
        "schema": {"type": "integer"},
    },
}
TOO_MANY = 429
WAIT = "X-RateLimit-Wait"  # between the limiter and this module; removed from every response


def init_app(app: Flask, settings: Settings) -> None:
    """Limit the requests of each key, or of each address if no key is required; public requests are not counted.

    Call this after the guard's `init_app`, since the guard finds the key. While Redis cannot be reached or is silent,
    this process counts for itself: a limit must not stop events (A41).
    """
    if settings.rate_limit:
        app.after_request(set_retry_after)  # runs after the limiter's own, which is registered later
        _limit(app, settings.rate_limit, _bounded(settings.rate_limit_storage))


def _limit(app: Flask, limit: str, storage: str) -> None:
    from flask_limiter import HeaderNames, Limiter  # noqa: PLC0415  # only if there is a limit

    limiter = Limiter(
        counted_by,
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


def counted_by() -> str:
    """Return the unit of counting: the key, else the address."""
    key = current_key()
    return f"key:{key.prefix}" if key else f"address:{request.remote_addr}"


def set_retry_after(answer: Response) -> Response:
    """Set `Retry-After` if the limit is reached; the limiter would set it always, and overwrite that of a 503."""
    wait = answer.headers.pop(WAIT, None)
    if wait is not None and answer.status_code == TOO_MANY:
        answer.headers["Retry-After"] = wait
    return answer
