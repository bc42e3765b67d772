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
TYPE_NAMED = {kind.value: kind for kind in EventType}

_amount = re.compile(AMOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """One deposit or withdrawal: `t` in whole seconds, compared with no clock (A31), `amount` exact and above zero."""

    user_id: int
    t: int
    type: EventType
    amount: Decimal

    def is_retry_of(self, other: "ActivityEvent") -> bool:
        """Compare type and amount by value: 42 and 42.00 are one amount."""
        return self.type is other.type and self.amount == other.amount


def read_amount(value: object) -> Decimal:
    """Return an exact amount, perhaps zero, of an integer or in plain notation; raises `ValueError` for all else."""
    written = str(value) if isinstance(value, str) or type(value) is int else ""
    if not _amount.fullmatch(written):
        raise ValueError
    return Decimal(written)
