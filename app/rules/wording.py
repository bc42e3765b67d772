"""How rules and matches are put into words.

A sentence is stored with its alert. To improve one, add a new wording beside the old one, so that the sentences of
former releases can still be verified (A45). Evidence names its wording, which is the release that introduced it; none
means that of 0.1.
"""

from collections.abc import Sequence
from decimal import Decimal

from app.rules.event import EventType

Wording = str | None
PRESENT = "0.2"  # of new alerts

NOUNS = {
    EventType.DEPOSIT: "deposit",
    EventType.WITHDRAW: "withdrawal",
    EventType.DEPOSIT_FAILED: "failed deposit",
    EventType.WITHDRAW_CANCELLED: "cancelled withdrawal",
}
DONE = {
    EventType.DEPOSIT: "deposited",
    EventType.WITHDRAW: "withdrawn",
    EventType.DEPOSIT_FAILED: "attempted",
    EventType.WITHDRAW_CANCELLED: "taken back",
}
MAX_AMOUNTS = 10  # that are listed one by one
HOUR = 3600  # seconds
UNITS = (("d", 24 * HOUR), ("h", HOUR), ("min", 60), ("s", 1))


def money(amount: Decimal) -> str:
    """Write an amount with its cents."""
    text = str(amount)  # nearly every amount has two decimals, and so needs no formatting, which takes longer
    return text if text[-3:-2] == "." else f"{amount:.2f}"


def lasting(seconds: int) -> str:
    """Write a duration exactly: 30 s, 10 min 29 s, 6 d 1 h 47 min 45 s."""
    parts = []
    for unit, length in UNITS:
        number, seconds = divmod(seconds, length)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts) or "0 s"


def counted(count: int, kind: EventType) -> str:
    """Write a number of events: 1 deposit, 2 withdrawals."""
    noun = NOUNS[kind]
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def since(span: int, count: int) -> str:
    """Write in what time `count` events came, the first of them `span` seconds ago."""
    if span == 0:
        return "at once"
    return f"{lasting(span)} ago" if count == 1 else f"within {lasting(span)}"


def rising(newest_first: Sequence[Decimal]) -> str:
    """Write how amounts rose: one by one, or from the first to the last of many."""
    amounts = [money(amount) for amount in reversed(newest_first)]
    return " to ".join(amounts if len(amounts) <= MAX_AMOUNTS else (amounts[0], amounts[-1]))


def lasting_0_1(seconds: int) -> str:
    """Write a duration as 0.1 did: below an hour in seconds alone."""
    return lasting(seconds) if seconds >= HOUR else f"{seconds} s"


def counted_0_1(count: int, kind: EventType) -> str:
    """Write a number of events as 0.1 did: 1 deposit, 2 withdraws."""
    return f"{count} {kind}" if count == 1 else f"{count} {kind}s"


def since_0_1(span: int, count: int) -> str:
    """Write as 0.1 did in what time `count` events came, the first of them `span` seconds ago."""
    if span == 0:
        return "at once"
    return f"{lasting_0_1(span)} ago" if count == 1 else f"in {lasting_0_1(span)}"
