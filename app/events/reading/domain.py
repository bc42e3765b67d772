"""What can be read back of a player's events, and how it is queried: pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.events.domain import Decision
from app.events.revising.domain import Corrected


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
    """The answer to an event, when both were stored, and what became known of the event since (A51, A52).

    `believed_codes` are those that it raises by what is known now; `amended` says whether it was stored with another
    type or amount.
    """

    decision: Decision
    received_at: datetime
    believed_codes: tuple[int, ...]
    amended: bool

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
class CorrectionsQuery:
    """Which of a player's corrections: at most `limit`, those with a number below `before`."""

    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionPage:
    """Corrections, newest first; `next_before` is the `before` of the next page."""

    corrections: Sequence[Corrected]
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


class NoSuchEvent(Exception):
    """No such event of the player is stored, or a correction has reversed it: `reversal` is the number of that one."""

    def __init__(self, user_id: int, event: Moment | str, reversal: int | None = None) -> None:
        at = f"event_id {event}" if isinstance(event, str) else f"t {event.t}" + (f", n {event.n}" if event.n else "")
        super().__init__(
            f"no event of player {user_id} is stored with {at}"
            if reversal is None
            else f"the event of player {user_id} with {at} was reversed by correction {reversal}; "
            f"GET /users/{user_id}/corrections says by whom and why"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActivity:
    """What a player has done so far; without events, `latest_t` is None and the totals are zero (A22).

    Of the latest event, `alert_codes` were answered; it raises `believed_codes` by what is known now.
    """

    user_id: int
    latest_t: int | None
    latest_n: int | None
    latest_event_id: str | None
    alert_codes: tuple[int, ...]
    believed_codes: tuple[int, ...]
    deposits: Total
    withdrawals: Total
