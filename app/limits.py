"""How many requests a key may make: Flask-Limiter, and nothing at all while no limit is set."""

from flask import Flask, g, request
from flask_limiter import Limiter

from app.access import guard
from app.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Limit the requests of each key, or of each address where no keys are asked for.

    Comes after the guard, which tells whose request it is. A Redis that cannot be reached is replaced by counts of
    this process until it is back: a limit must not stop events.
    """
    if settings.rate_limit:
        limiter = Limiter(
            whose,
            app=app,
            application_limits=[settings.rate_limit],
            storage_uri=settings.rate_limit_storage,
            headers_enabled=True,
            in_memory_fallback_enabled=True,
        )
        limiter.request_filter(guard.needs_no_key)


def whose() -> str:
    """Return who is counted: the key, else the address."""
    key = g.get("api_key")
    return f"key:{key.prefix}" if key else f"address:{request.remote_addr}"
