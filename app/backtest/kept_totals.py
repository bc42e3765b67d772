"""Compare running totals with the events that they count (A59)."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from app.seals.domain import EventFacts

# Deleted with the owner's login, they are written again from the events.
REPAIR = "compare the alerts since then, and as the owner: DELETE FROM running_total WHERE user_id = {}"


class KeptTotal(NamedTuple):
    """A running total: the number and the sum of the player's events of a type from `since` to `t`.

    It is believed while the player's late events and corrections are as many as `changes`.
    """

    user_id: int
    type: str
    t: int
    since: int
    changes: int
    events: int
    amount: Decimal


@dataclass(slots=True)
class Counted:
    """The events of one type, in order of `t`: when each was, and the cents of all up to it."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    cents: list[int] = field(default_factory=lambda: [0])  # a sum may be beyond 64 bits

    def add(self, event: EventFacts) -> None:
        """Add the next event."""
        self.times.append(event.t)
        self.cents.append(self.cents[-1] + int(event.amount * 100))

    def between(self, since: int, until: int) -> tuple[int, Decimal]:
        """Return the number and the sum of the events between two seconds, both included."""
        first, end = bisect_left(self.times, since), bisect_right(self.times, until)
        return end - first, Decimal(self.cents[end] - self.cents[first]).scaleb(-2)


@dataclass(slots=True)
class TotalsAudit:
    """The running totals of one player, compared with the events, which are added in order of `t`."""

    kept: Sequence[KeptTotal]
    _counted: dict[str, Counted] = field(default_factory=dict)

    def add(self, event: EventFacts) -> None:
        """Add an event that stands."""
        if self.kept:
            self._counted.setdefault(event.type, Counted()).add(event)

    def faults(self, changes: int) -> Iterator[str]:
        """Yield which of those that are believed is wrong: the first, and how many more."""
        wrong = [each for each in self.kept if each.changes == changes and self._found(each) != _said(each)]
        if wrong:
            first = wrong[0]
            (events, amount), more = self._found(first), len(wrong) - 1
            yield (
                f"the running total of {first.type} from t {first.since} to t {first.t} is {first.events} events and "
                f"{first.amount}, stored are {events} events and {amount}{f'; so are {more} more' if more else ''}: "
                f"{REPAIR.format(first.user_id)}"
            )

    def _found(self, kept: KeptTotal) -> tuple[int, Decimal]:
        return self._counted.get(kept.type, Counted()).between(kept.since, kept.t)


def _said(kept: KeptTotal) -> tuple[int, Decimal]:
    return kept.events, kept.amount
