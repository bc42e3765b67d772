"""What the routes of health need."""

from collections.abc import Callable
from dataclasses import dataclass

from app.health.controllers import Readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthServices:
    """The check of readiness, and the state of the rule book.

    `rule_book_error` returns what is wrong with the rule book and what to do about it, or an empty text.
    """

    readiness: Readiness
    rule_book_error: Callable[[], str]
