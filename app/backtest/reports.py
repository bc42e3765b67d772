"""What a backtest reports, as plain values; they are the same whatever the number of processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.backtest.domain import Calendar, Scope
from app.rules.event import EventRef
from app.rules.rule import Rule

SAMPLES = 10  # of each code
# Players are grouped by their number of alerts: none, 1, 2, up to 5, up to 10, up to 20, up to 50 …
BOUNDS = (0, 1, 2, *(step * 10**power for power in range(19) for step in (5, 10, 20)))


def bound_label(bound: int) -> str:
    """Name the group of players whose number of alerts is at most this bound, and above the one before it."""
    below = BOUNDS[BOUNDS.index(bound) - 1] if bound else -1
    return str(bound) if bound - below == 1 else f"{below + 1} to {bound}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Series(StrEnum):
    """Which alerts are counted: those of the edition, those of the other edition, those of only one of them."""

    RAISED = "raised"
    AGAINST = "against"
    GAINED = "gained"
    LOST = "lost"


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """An alert that is shown as an example."""

    user_id: int
    event: EventRef
    sentence: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number of alerts, of the players who have them, and of those alerts that are fresh (A58).

    An alert is fresh if the same edition did not raise its code at the player's event before; the first event that is
    judged has none before it.
    """

    alerts: int = 0
    players: int = 0
    fresh: int = 0


NO_ALERTS = Count()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReport:
    """The alerts of a series: by code, by period, by both, and samples of each code by player, t and n.

    `players_by_alerts` has for each of `BOUNDS` the number of players whose alerts are at most as many, and more than
    the bound before it.
    """

    codes: Mapping[int, Count]
    periods: Mapping[int, Count]
    details: Mapping[tuple[int, int], Count]  # by period and code
    samples: Mapping[int, Sequence[Sample]]
    players_by_alerts: Mapping[int, int]

    @property
    def total(self) -> Count:
        """All alerts, and the players who have any."""
        having = sum(players for bound, players in self.players_by_alerts.items() if bound)
        alerts, fresh = (sum(getattr(each, name) for each in self.codes.values()) for name in ("alerts", "fresh"))
        return Count(alerts, having, fresh)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRules:
    """An edition that judged, with its rules by code."""

    number: int
    rules: Mapping[int, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsUsed:
    """For how many events rules used the groups whose version the event kept, and those when it was received (A56)."""

    kept: int = 0
    when_received: int = 0

    def plus(self, other: "GroupsUsed") -> "GroupsUsed":
        """Return both together."""
        return GroupsUsed(kept=self.kept + other.kept, when_received=self.when_received + other.when_received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a backtest found; the same whatever the number of processes.

    `groups` is None if no rule is for groups of players.
    """

    edition: EditionRules
    against: EditionRules | None
    scope: Scope
    calendar: Calendar
    events: int
    players: int
    events_by_period: Mapping[int, int]
    series: Mapping[Series, SeriesReport]
    groups: GroupsUsed | None = None

    @property
    def codes(self) -> list[int]:
        """The codes of both editions, ascending."""
        return sorted(self.edition.rules.keys() | (self.against.rules.keys() if self.against else set()))

    @property
    def periods(self) -> list[int]:
        """The periods in which anything was judged, ascending."""
        return sorted(self.events_by_period)

    def rule(self, code: int) -> Rule:
        """Return the rule of a code: that of the edition, or of the other one where only the other has the code."""
        if code in self.edition.rules or self.against is None:
            return self.edition.rules[code]
        return self.against.rules[code]

    def by_code(self, code: int) -> list[Count]:
        """Return the alerts of a code in each series."""
        return [found.codes.get(code, NO_ALERTS) for found in self.series.values()]

    def of_all_codes(self) -> list[Count]:
        """Return all alerts of each series."""
        return [found.total for found in self.series.values()]

    def by_period(self, period: int) -> list[Count]:
        """Return the alerts of a period in each series."""
        return [found.periods.get(period, NO_ALERTS) for found in self.series.values()]
