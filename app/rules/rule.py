"""What every kind of rule declares, and what a rule returns when it is met."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from app.rules.event import ALL_TYPES, MONEY_TYPES, ActivityEvent, EventRef, EventType
from app.rules.history import NO_GROUPS, Groups, History, HistoryNeeds, Window
from app.rules.limits import MAX_MOMENTS
from app.rules.meaning import Indicator, Meaning, Strength
from app.rules.wording import PRESENT, Wording


class TotalLimit(NamedTuple):
    """A threshold for what events of a type add up to within so many seconds, for pictures of these totals."""

    type: EventType
    seconds: int
    above: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One rule of the rule book. Each kind of rule in `KINDS` is a subclass in its own file.

    No other code knows a kind. Its parameters are fields that `app.rules.parameters` describes; they suffice to parse,
    check, write, compare and document a rule.
    """

    kind: ClassVar[str]  # the kind's name in the rule book
    meaning: ClassVar[str]  # when a rule of this kind is met, for the OpenAPI document
    sentences: ClassVar[Mapping[Wording, Callable[[Any, "Match"], str]]]  # by wording, former ones included
    met_only_by: ClassVar[str] = ""  # the parameter that names the only type of event that can meet the rule
    alternatives: ClassVar[Sequence[Sequence[str]]] = ()  # optional parameters: exactly one of these sets is given

    code: int
    name: str
    description: str
    evaluated_on: frozenset[EventType] = MONEY_TYPES  # the types of event that trigger its evaluation (A2)
    groups: Groups = NO_GROUPS  # only players in any of these meet it; empty: all players (A56)
    except_groups: Groups = NO_GROUPS  # players in any of these do not meet it
    indicator: Indicator | None = None  # these three are for people
    strength: Strength = Strength.NORMAL
    guidance: str | None = None

    @property
    def purpose(self) -> Meaning:
        """What the rule means to people."""
        return Meaning(indicator=self.indicator, strength=self.strength, guidance=self.guidance)

    @property
    @abstractmethod
    def terms(self) -> str:
        """The rule's parameters in words."""

    @property
    def condition(self) -> str:
        """The parameters in words, and the groups that the rule is for."""
        whose = f", for players in {_any_of(self.groups)}" if self.groups else ""
        others = f", not for players in {_any_of(self.except_groups)}" if self.except_groups else ""
        return f"{self.terms}{whose}{others}"

    @property
    def names_groups(self) -> bool:
        """Whether it is for some players only."""
        return bool(self.groups or self.except_groups)

    def is_for(self, groups: Groups) -> bool:
        """Return whether players in these groups can meet it."""
        return groups.isdisjoint(self.except_groups) and not (self.groups and groups.isdisjoint(self.groups))

    @property
    @abstractmethod
    def max_events(self) -> int:
        """The most events that the evidence of a match names (A48)."""

    @property
    def max_amounts_listed(self) -> int:
        """The most amounts that a sentence lists, besides the two compared."""
        return 0

    @property
    def limit_of_total(self) -> TotalLimit | None:
        """The threshold of a rule that compares a total over a rolling window with one; None for all others."""
        return None

    @property
    def met_by(self) -> frozenset[EventType]:
        """The types of event that can meet the rule, whatever it is evaluated on."""
        return frozenset({getattr(self, self.met_only_by)}) if self.met_only_by else ALL_TYPES

    @abstractmethod
    def needs(self, on: EventType) -> HistoryNeeds:
        """Return the history that the rule reads to evaluate an event of type `on`."""

    @abstractmethod
    def match(self, event: ActivityEvent, history: History) -> "Match | None":
        """Return the match, or None when the rule is not met."""


class Match(NamedTuple):
    """A rule that the player now meets, with the proof: the values compared and the events behind them.

    `count` events within `span` seconds make up `value`. `events` are newest first; those of the `windows`, which are
    long, stay in the database. A tuple is made in half the time of a frozen dataclass, and a backtest makes one for
    every alert.
    """

    rule: Rule
    value: str
    threshold: str
    count: int  # type: ignore[assignment]  # a tuple has a method of this name, which nobody calls here
    span: int = 0
    events: Sequence[ActivityEvent] = ()
    windows: tuple[Window, ...] = ()

    @property
    def code(self) -> int:
        """The number by which clients know the rule."""
        return self.rule.code

    @property
    def most_named(self) -> int:
        """How many of the events, the newest, its evidence names at most."""
        return min(self.rule.max_events, MAX_MOMENTS)

    @property
    def sentence(self) -> str:
        """The match as one sentence, for people."""
        return self.rule.sentences[PRESENT](self.rule, self)

    def sentence_as(self, wording: Wording) -> str | None:
        """Return the sentence in a wording, perhaps a former one; None if this release does not know it (A45)."""
        write = self.rule.sentences.get(wording)
        return write and write(self.rule, self)


def _any_of(groups: Groups) -> str:
    return " or ".join(sorted(groups))


def newest_of(own: Iterable[EventRef], before: list[EventRef], most: int) -> list[EventRef]:
    """Return the newest events of a proof: the match's own, then those of its windows."""
    refs = [*own, *sorted(before, key=_place, reverse=True)]
    return refs[:most]


def _place(ref: EventRef) -> tuple[int, int]:
    return ref.t, ref.n
