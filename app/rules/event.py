"""Activity events: pure values."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.rules.limits import AMOUNT


class EventType(StrEnum):
    """What a player did with money."""

    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"


BOTH_TYPES = frozenset(EventType)
TYPE_BY_NAME = {kind.value: kind for kind in EventType}

_amount = re.compile(AMOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """One deposit or withdrawal. `t` is in seconds (A31); `amount` is exact, above zero."""

    user_id: int
    t: int
    type: EventType
    amount: Decimal

    def is_retry_of(self, other: "ActivityEvent") -> bool:
        """Compare type and amount by value: 42 equals 42.00."""
        return self.type is other.type and self.amount == other.amount


def parse_amount(value: object) -> Decimal:
    """Return the exact amount, perhaps zero, of an integer or plain notation; raises `ValueError` otherwise."""
    text = str(value) if isinstance(value, str) or type(value) is int else ""
    if not _amount.fullmatch(text):
        raise ValueError
    return Decimal(text)
