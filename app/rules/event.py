"""Activity events: pure values."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from app.rules.limits import AMOUNT, EVENT_ID


class EventType(StrEnum):
    """What a player did with money, or tried to do."""

    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    DEPOSIT_FAILED = "deposit_failed"
    WITHDRAW_CANCELLED = "withdraw_cancelled"


ALL_TYPES = frozenset(EventType)
MONEY_TYPES = frozenset({EventType.DEPOSIT, EventType.WITHDRAW})  # those that move money; the only ones of 0.1 (A61)
TYPE_BY_NAME = {kind.value: kind for kind in EventType}

_amount = re.compile(AMOUNT)
_event_id = re.compile(EVENT_ID)


class EventRef(NamedTuple):
    """What names an event of a player: its `t`, its place among the events of that second, and its id if it has one."""

    t: int
    n: int = 0
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """One deposit or withdrawal, or one that failed or was cancelled.

    `t` is in seconds (A31); `amount` is exact, above zero.
    `event_id` is the platform's own id. Events with one may share a second; `n` counts them there, from 0 on (A49).
    """

    user_id: int
    t: int
    type: EventType
    amount: Decimal
    n: int = 0
    event_id: str | None = None

    @property
    def ref(self) -> EventRef:
        """What names this event among those of its player."""
        return EventRef(self.t, self.n, self.event_id)

    def is_retry_of(self, other: "ActivityEvent") -> bool:
        """Compare all that a client sends about a player's event, the amount by value: 42 equals 42.00."""
        return (
            self.type is other.type
            and self.amount == other.amount
            and self.t == other.t
            and self.event_id == other.event_id
        )


def parse_amount(value: object) -> Decimal:
    """Return the exact amount, perhaps zero, of an integer or plain notation; raises `ValueError` otherwise."""
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    if not _amount.fullmatch(text):
        raise ValueError
    return Decimal(text)


def parse_event_id(value: object) -> str:
    """Return the id if it has the form `EVENT_ID`; raises `ValueError` otherwise."""
    if type(value) is not str or not _event_id.fullmatch(value):
        raise ValueError
    return value
