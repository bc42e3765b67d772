"""What an edition raised in the shadow, and the live one beside it at the same events: plain values (A60)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.backtest.domain import Calendar, Scope
from app.backtest.reports import NO_ALERTS, Count, EditionRules, Sample, SeriesReport
from app.rulebook.domain import RuleBookRefused
from app.rulebook.remedies import Remedy
from app.rules.event import EventRef

MAX_COMPARED = 10_000  # alerts that a request compares
DEFAULT_LIMIT, MAX_LIMIT = 20, 200  # players that are listed


class Side(StrEnum):
    """Which alerts are counted: those of each side, those of both, those of the shadow or the live edition alone."""

    LIVE = "live"
    SHADOW = "shadow"
    COMMON = "common"
    GAINED = "gained"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time that an edition spent in the shadow of the editions `live`, in their order; without an end, it still does.

    It begins and ends with a step in the audit of the rule book.
    """

    began_at: datetime
    ended_at: datetime | None
    live: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is compared: the shadow with the live editions that stood beside it, at events with a `t` in the scope.

    Rules are empty where an edition cannot be read.
    """

    shadow: EditionRules
    live: tuple[EditionRules, ...]
    stretches: tuple[Stretch, ...]
    scope: Scope

    @property
    def live_numbers(self) -> list[int]:
        """The numbers of the live editions, in the order in which they became live."""
        return [each.number for each in self.live]


class Alert(NamedTuple):
    """A stored alert, as far as counting needs it."""

    code: int
    sentence: str


class Compared(NamedTuple):
    """A code at an event that both sides judged, with the sentence of each side that raised it, else None."""

    user_id: int
    t: int
    n: int
    code: int
    event_id: str | None
    live: str | None
    shadow: str | None

    @property
    def ref(self) -> EventRef:
        """What names the event among the player's."""
        return EventRef(self.t, self.n, self.event_id)

    @property
    def sides(self) -> Sequence[tuple[Side, Alert]]:
        """The series in which it counts."""
        if self.shadow is None:
            alert = Alert(self.code, self.live or "")
            return (Side.LIVE, alert), (Side.LOST, alert)
        alert = Alert(self.code, self.shadow)
        if self.live is None:
            return (Side.SHADOW, alert), (Side.GAINED, alert)
        return (Side.LIVE, Alert(self.code, self.live)), (Side.SHADOW, alert), (Side.COMMON, alert)


class PlayerShare(NamedTuple):
    """The alerts of a player; the greatest are those that differ most, of these the lowest id."""

    differing: int
    minus_user_id: int
    live: int
    shadow: int
    common: int
    gained: int
    lost: int

    @property
    def user_id(self) -> int:
        """The player."""
        return -self.minus_user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeShare:
    """The alerts of a code on each side, and samples; the name is empty where no edition can be read."""

    code: int
    name: str
    sides: Mapping[Side, Count]
    samples: Mapping[Side, Sequence[Sample]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodShare:
    """The alerts of a day, or of a longer period, on each side."""

    name: str
    first_t: int
    sides: Mapping[Side, Count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was found; the same whatever the number of processes, over HTTP as by the command.

    `players` are those who differ most, at most as many as were asked for; `differing_players` counts all who differ.
    """

    subject: Subject
    calendar: Calendar
    series: Mapping[Side, SeriesReport]
    players: Sequence[PlayerShare]
    differing_players: int

    @property
    def all_codes(self) -> Mapping[Side, Count]:
        """All alerts of each side."""
        return {side: found.total for side, found in self.series.items()}

    @property
    def codes(self) -> list[CodeShare]:
        """The alerts of each code that a rule has or an alert had."""
        raised = {code for found in self.series.values() for code in found.codes}
        names = self._names()
        return [
            CodeShare(
                code=code,
                name=names.get(code, ""),
                sides={side: found.codes.get(code, NO_ALERTS) for side, found in self.series.items()},
                samples={side: found.samples.get(code, ()) for side, found in self.series.items()},
            )
            for code in sorted(raised | names.keys())
        ]

    @property
    def periods(self) -> list[PeriodShare]:
        """The periods in which any side raised something, ascending."""
        return [
            PeriodShare(
                name=self.calendar.name(period),
                first_t=self.calendar.begins(period),
                sides={side: found.periods.get(period, NO_ALERTS) for side, found in self.series.items()},
            )
            for period in sorted({period for found in self.series.values() for period in found.periods})
        ]

    def _names(self) -> dict[int, str]:
        """Return the names of the rules by code: the shadow's, else those of the last live edition that has it."""
        editions = (*self.subject.live, self.subject.shadow)
        return {code: rule.name for edition in editions for code, rule in edition.rules.items()}


class NeverInShadow(RuleBookRefused):
    """The edition was never in the shadow, so nothing that it raised is stored."""

    def __init__(self, edition: int) -> None:
        words = f"rules backtest {edition} --against EDITION"
        refusal = f"edition {edition} was never in the shadow; a backtest says what it would have raised"
        super().__init__(refusal, Remedy(request=words, command=words))


class TooMuchToCompare(RuleBookRefused):
    """There is more to compare than a request may read; the command has no such bound."""

    def __init__(self, edition: int) -> None:
        words = f"rules compare {edition}"
        refusal = (
            f"more than {MAX_COMPARED:,} alerts, or too many to look through for a request; narrow it down with since "
            "and until, or run the command, which has no such bound"
        )
        super().__init__(refusal, Remedy(request=words, command=words))
