"""What the routes of health need."""

from collections.abc import Callable
from dataclasses import dataclass

from app.health.controllers import Readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthServices:
    """What tells whether the service can do its work.

    `rule_book_error` returns what of the rule book cannot be read and what to do, or an empty text.
    """

    readiness: Readiness
    rule_book_error: Callable[[], str]
