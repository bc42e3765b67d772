"""What can be read back of a player's events, and how it is queried: pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.events.domain import Decision


class Moment(NamedTuple):
    """A place among a player's events, which are in the order of these."""

    t: int
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Which of a player's events: at most `limit`, those before the moment `before`, answered with `code`."""

    limit: int
    before: Moment | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """The answer to an event, and when both were stored."""

    decision: Decision
    received_at: datetime

    @property
    def moment(self) -> Moment:
        """Its place among the player's events."""
        return Moment(self.decision.event.t, self.decision.event.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Stored events, newest first; `next_before` is the `before` of the next page."""

    events: Sequence[StoredDecision]
    next_before: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The number of events and the total of their amounts."""

    count: int
    total: Decimal


class StillAddingUp(Exception):
    """More of a player's events are not yet added up than one request may read; each request gets further."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"the events of player {user_id} are still being added up; send the same request again")


class NoSuchEvent(Exception):
    """No such event of the player is stored."""

    def __init__(self, user_id: int, event: Moment | str) -> None:
        at = f"event_id {event}" if isinstance(event, str) else f"t {event.t}" + (f", n {event.n}" if event.n else "")
        super().__init__(f"no event of player {user_id} is stored with {at}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActivity:
    """What a player has done so far; without events, `latest_t` is None and the totals are zero (A22)."""

    user_id: int
    latest_t: int | None
    alert_codes: tuple[int, ...]
    deposits: Total
    withdrawals: Total
