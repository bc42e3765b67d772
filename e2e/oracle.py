"""The four rules once more, written from the contract alone: dumb, slow and obviously right.

Nothing is remembered but the plain list of a user's events; every answer starts again from that whole list.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

EventType = Literal["deposit", "withdraw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One action of a user: amount in plain decimal notation, t in seconds."""

    type: EventType
    amount: str
    user_id: int
    t: int

    def body(self) -> dict[str, str | int]:
        return {"type": self.type, "amount": self.amount, "user_id": self.user_id, "t": self.t}


def deposits_among(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.type == "deposit"]


def is_large_withdraw(events: Sequence[Event]) -> bool:
    """1100: this event is a withdraw above 100."""
    return events[-1].type == "withdraw" and Decimal(events[-1].amount) > Decimal(100)


def ends_in_three_withdraws(events: Sequence[Event]) -> bool:
    """30: this event and the two before it are withdraws."""
    return [event.type for event in events[-3:]] == ["withdraw", "withdraw", "withdraw"]


def last_three_deposits_rise(events: Sequence[Event]) -> bool:
    """300: the last three deposits rise strictly, withdraws ignored."""
    amounts = [Decimal(deposit.amount) for deposit in deposits_among(events)][-3:]
    return len(amounts) == 3 and amounts[0] < amounts[1] < amounts[2]


def deposits_of_30_seconds_exceed_200(events: Sequence[Event]) -> bool:
    """123: deposits in the closed window from t-30 to t add up to above 200."""
    t = events[-1].t
    total = sum((Decimal(d.amount) for d in deposits_among(events) if t - 30 <= d.t <= t), Decimal(0))
    return total > Decimal(200)


RULES: dict[int, Callable[[Sequence[Event]], bool]] = {
    30: ends_in_three_withdraws,
    123: deposits_of_30_seconds_exceed_200,
    300: last_three_deposits_rise,
    1100: is_large_withdraw,
}


def codes_after(events: Sequence[Event]) -> list[int]:
    """Return the codes, ascending, that a user meets after the last of all their events (oldest first)."""
    return sorted(code for code, is_met in RULES.items() if is_met(events))


class Oracle:
    """Answers event after event; the events of each user must come in the order of t."""

    def __init__(self) -> None:
        self._events: defaultdict[int, list[Event]] = defaultdict(list)

    def answer(self, event: Event) -> dict[str, object]:
        """Return the whole answer that the contract promises to this event."""
        self._events[event.user_id].append(event)
        codes = codes_after(self._events[event.user_id])
        return {"alert": bool(codes), "alert_codes": codes, "user_id": event.user_id}

    def latest(self, user_id: int, count: int) -> list[Event]:
        return self._events[user_id][-count:]
