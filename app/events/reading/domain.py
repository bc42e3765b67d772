"""What can be read back of a user's events, and what can be asked: pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.events.domain import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsked:
    """Which events of a user: at most `limit`, with a `t` below `before`, to which `code` was answered."""

    limit: int
    before: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """What was answered to an event, and when that was stored."""

    decision: Decision
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Stored events, the newest first; those that follow are asked for with `before` as `next_before` says."""

    events: Sequence[StoredDecision]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many events there are, and what their amounts add up to."""

    count: int
    total: Decimal


class StillAddingUp(Exception):
    """A user has more events that are not added up yet than one request may read; each request gets further."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"the events of user {user_id} are still being added up; send the same request again")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActivity:
    """What a user has done so far; of one who has done nothing, no `latest_t` and zeros (A22)."""

    user_id: int
    latest_t: int | None
    alert_codes: tuple[int, ...]
    deposits: Total
    withdraws: Total
