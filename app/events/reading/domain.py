"""What can be read back of a player's events, and how it is queried: pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.events.domain import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which of a player's events: at most `limit`, with a `t` below `before`, answered with `code`."""

    limit: int
    before: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """The answer to an event, and when both were stored."""

    decision: Decision
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Stored events, newest first; `next_before` is the `before` of the next page."""

    events: Sequence[StoredDecision]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The number of events and the total of their amounts."""

    count: int
    total: Decimal


class StillAddingUp(Exception):
    """More of a player's events are not yet added up than one request may read; each request gets further."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"the events of player {user_id} are still being added up; send the same request again")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActivity:
    """What a player has done so far; without events, `latest_t` is None and the totals are zero (A22)."""

    user_id: int
    latest_t: int | None
    alert_codes: tuple[int, ...]
    deposits: Total
    withdrawals: Total
