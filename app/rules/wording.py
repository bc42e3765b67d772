"""How rules and what meets them are told to people.

A sentence is kept with its alert. One that is to say it better is a new wording beside the old one, so that sentences
of former releases can still be checked (A45): evidence names the wording, and none is that of 0.1.
"""

from collections.abc import Sequence
from decimal import Decimal

from app.rules.event import EventType

Wording = str | None
PRESENT: Wording = None  # in which alerts are told now

DONE = {EventType.DEPOSIT: "deposited", EventType.WITHDRAW: "withdrawn"}
MAX_AMOUNTS = 10  # that are told one by one
HOUR = 3600  # seconds; what is shorter is told in seconds
UNITS = (("d", 24 * HOUR), ("h", HOUR), ("min", 60), ("s", 1))


def money(amount: Decimal) -> str:
    """Write an amount with its cents."""
    return f"{amount:.2f}"


def lasting(seconds: int) -> str:
    """Write a length of time, exactly: 30 s, 1 h, 6 d 1 h 47 min 45 s."""
    if seconds < HOUR:
        return f"{seconds} s"
    told = []
    for unit, length in UNITS:
        number, seconds = divmod(seconds, length)
        if number:
            told.append(f"{number} {unit}")
    return " ".join(told)


def counted(count: int, kind: EventType) -> str:
    """Write so many events of a type: 1 deposit, 2 deposits."""
    return f"{count} {kind}" if count == 1 else f"{count} {kind}s"


def since(span: int, count: int) -> str:
    """Say over which time events add up that began `span` seconds ago; one alone was just then."""
    if span == 0:
        return "at once"
    return f"{lasting(span)} ago" if count == 1 else f"in {lasting(span)}"


def rising(newest_first: Sequence[Decimal]) -> str:
    """Say how amounts rose: one by one, or from the first to the last of many."""
    amounts = [money(amount) for amount in reversed(newest_first)]
    return " to ".join(amounts if len(amounts) <= MAX_AMOUNTS else (amounts[0], amounts[-1]))
