"""What a backtest reports, as plain values; they are the same whatever the number of processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.backtest.domain import Calendar, Scope
from app.rules.rule import Rule

SAMPLES = 10  # of each code
# Customers are put together by how many alerts they have: none, 1, 2, up to 5, up to 10, up to 20, up to 50 …
BOUNDS = (0, 1, 2, *(step * 10**power for power in range(19) for step in (5, 10, 20)))


def name_of_bound(bound: int) -> str:
    """Name the customers that were put together up to a bound."""
    below = BOUNDS[BOUNDS.index(bound) - 1] if bound else -1
    return str(bound) if bound - below == 1 else f"{below + 1} to {bound}"


def many(count: int, noun: str) -> str:
    """Write how many there are of something."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Series(StrEnum):
    """Which alerts are counted: those of the edition, those of the other one, those of one alone."""

    RAISED = "raised"
    AGAINST = "against"
    GAINED = "gained"
    LOST = "lost"


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """An alert for people to look at."""

    user_id: int
    t: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many alerts, of how many customers."""

    alerts: int = 0
    customers: int = 0


NONE = Count()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReport:
    """The alerts of a series: by code, by period, by both, and samples of each code in order of user and t.

    `customers_by_alerts` says for each of `BOUNDS` how many customers have up to so many alerts, and more than the
    bound before it.
    """

    codes: Mapping[int, Count]
    periods: Mapping[int, Count]
    details: Mapping[tuple[int, int], Count]  # by period and code
    samples: Mapping[int, Sequence[Sample]]
    customers_by_alerts: Mapping[int, int]

    @property
    def total(self) -> Count:
        """All alerts, and the customers who have any."""
        having = sum(customers for bound, customers in self.customers_by_alerts.items() if bound)
        return Count(sum(count.alerts for count in self.codes.values()), having)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An edition that judges, with its rules by code."""

    edition: int
    rules: Mapping[int, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a backtest found; the same whatever the number of processes."""

    edition: Bench
    against: Bench | None
    scope: Scope
    calendar: Calendar
    events: int
    customers: int
    events_by_period: Mapping[int, int]
    series: Mapping[Series, SeriesReport]

    @property
    def codes(self) -> list[int]:
        """The codes of both editions, ascending."""
        return sorted(self.edition.rules.keys() | (self.against.rules.keys() if self.against else set()))

    @property
    def periods(self) -> list[int]:
        """The periods in which anything was judged, in their order."""
        return sorted(self.events_by_period)

    def rule(self, code: int) -> Rule:
        """Return the rule of a code: the edition's, or that of the other one where only this has it."""
        if code in self.edition.rules or self.against is None:
            return self.edition.rules[code]
        return self.against.rules[code]

    def by_code(self, code: int) -> list[Count]:
        """Return how many alerts each series has of a code."""
        return [found.codes.get(code, NONE) for found in self.series.values()]

    def of_all_codes(self) -> list[Count]:
        """Return how many alerts each series has."""
        return [found.total for found in self.series.values()]

    def by_period(self, period: int) -> list[Count]:
        """Return how many alerts each series has in a period."""
        return [found.periods.get(period, NONE) for found in self.series.values()]
