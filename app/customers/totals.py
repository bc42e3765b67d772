"""What a customer did with money, added up: from slices of time, which the edges of ranges and of buckets bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.customers.ranges import SPANS, Range
from app.events.reading.domain import Total
from app.rules.event import EventType

MAX_SCANNED = 50_000  # events of a type, the newest, that are added up for one page


@dataclass(frozen=True, slots=True)
class Slice:
    """The events of a type from `begin` until the next slice begins; `oldest` is the `t` of the first of them."""

    kind: EventType
    begin: int
    count: int
    total: Decimal
    oldest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What a customer did with money, in slices of time; of each type at most the newest 50,000 events."""

    slices: Sequence[Slice]

    @property
    def known_since(self) -> int | None:
        """Return from which second on nothing is missing; None if nothing is missing at all."""
        cut = [
            min(each.oldest for each in self.slices if each.kind is kind) + 1
            for kind in EventType
            if sum(each.count for each in self.slices if each.kind is kind) >= MAX_SCANNED
        ]
        return max(cut, default=None)

    def net(self, begin: int | None = None) -> Decimal:
        """Return the net deposit: deposits minus withdrawals plus withdrawals that were cancelled (A62)."""
        deposited, withdrawn, cancelled = (
            self.total(kind, begin).total
            for kind in (EventType.DEPOSIT, EventType.WITHDRAW, EventType.WITHDRAW_CANCELLED)
        )
        return deposited - withdrawn + cancelled

    def total(self, kind: EventType, begin: int | None = None, until: int | None = None) -> Total:
        """Return what there was of a type from one edge until before another; without them, of all."""
        found = [
            each
            for each in self.slices
            if each.kind is kind and (begin is None or each.begin >= begin) and (until is None or each.begin < until)
        ]
        return Total(count=sum(each.count for each in found), total=sum((each.total for each in found), Decimal(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a customer did within a range. Unless `is_whole`, it was at least that much, and the net deposit is None."""

    within: Range
    deposits: Total
    withdrawals: Total
    cancelled: Total
    failed: Total
    net: Decimal | None
    is_whole: bool = True


def totals_of(money: Money, end: int, first: int) -> list[Totals]:
    """Return the totals of each range that ends at `end`, all of the time last."""
    return [_totals(money, within, starts(end).get(within), first) for within in Range]


def starts(end: int) -> dict[Range, int]:
    """Return the first second of each range that ends at `end`."""
    return {within: max(end - span, 0) for within, span in SPANS.items()}


def _totals(money: Money, within: Range, begin: int | None, first: int) -> Totals:
    known = money.known_since
    is_whole = known is None or known <= (first if begin is None else max(begin, first))
    deposits, withdrawals, cancelled, failed = (
        money.total(kind, begin)
        for kind in (
            EventType.DEPOSIT,
            EventType.WITHDRAW,
            EventType.WITHDRAW_CANCELLED,
            EventType.DEPOSIT_FAILED,
        )
    )
    return Totals(
        within=within,
        deposits=deposits,
        withdrawals=withdrawals,
        cancelled=cancelled,
        failed=failed,
        net=money.net(begin) if is_whole else None,
        is_whole=is_whole,
    )
