"""What every kind of rule declares, and what a rule returns when it is met."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.rules.event import BOTH_TYPES, ActivityEvent, EventType
from app.rules.history import NO_GROUPS, Groups, History, HistoryNeeds, Window
from app.rules.limits import MAX_MOMENTS
from app.rules.wording import PRESENT, Wording


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

    code: int
    name: str
    description: str
    evaluated_on: frozenset[EventType] = BOTH_TYPES  # the types of event that trigger its evaluation (A2)
    groups: Groups = NO_GROUPS  # only players in any of these meet it; empty: all players (A56)
    except_groups: Groups = NO_GROUPS  # players in any of these do not meet it

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
    def met_by(self) -> frozenset[EventType]:
        """The types of event that can meet the rule, whatever it is evaluated on."""
        return frozenset({getattr(self, self.met_only_by)}) if self.met_only_by else BOTH_TYPES

    @abstractmethod
    def needs(self, on: EventType) -> HistoryNeeds:
        """Return the history that the rule reads to evaluate an event of type `on`."""

    @abstractmethod
    def match(self, event: ActivityEvent, history: History) -> "Match | None":
        """Return the match, or None when the rule is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that the player now meets, with the proof: the values compared and the events behind them.

    `count` events within `span` seconds make up `value`. `events` are newest first; those of a long `window` stay in
    the database.
    """

    rule: Rule
    value: str
    threshold: str
    count: int
    span: int = 0
    events: Sequence[ActivityEvent] = ()
    window: Window | None = None

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
