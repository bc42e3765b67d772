"""What every kind of rule declares, and what a rule that is met returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from app.rules.event import BOTH_TYPES, ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window
from app.rules.wording import PRESENT, Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One criterion of the rule book: a frozen value of one of `KINDS`, each of which has a file of its own.

    A kind is known nowhere else. Its parameters are fields that `app.rules.parameters` describes; they are enough for
    reading and checking a rule, writing it, comparing it with another and documenting it.
    """

    kind: ClassVar[str]  # its name in the rule book
    meaning: ClassVar[str]  # when a rule of this kind is met, for the OpenAPI document
    sentences: ClassVar[Mapping[Wording, Callable[[Any, "Match"], str]]]  # each wording that ever told of a match
    met_only_by: ClassVar[str] = ""  # the parameter that names the only type of event that can meet the rule

    code: int
    name: str
    description: str
    evaluated_on: frozenset[EventType] = BOTH_TYPES  # the types of event on which it is evaluated at all (A2)

    @property
    @abstractmethod
    def terms(self) -> str:
        """The rule's parameters in words."""

    @property
    @abstractmethod
    def max_events(self) -> int:
        """How many events a match names at most; no two of them are in one second."""

    @property
    def max_amounts_told(self) -> int:
        """How many amounts a sentence tells at most, beside the two that were compared."""
        return 0

    @property
    def met_by(self) -> frozenset[EventType]:
        """The types of event that can meet the rule, wherever it is evaluated."""
        return frozenset({getattr(self, self.met_only_by)}) if self.met_only_by else BOTH_TYPES

    @abstractmethod
    def needs(self, on: EventType) -> HistoryNeeds:
        """Tell what history the rule reads when an event of type `on` is judged."""

    @abstractmethod
    def match(self, event: ActivityEvent, history: History) -> "Match | None":
        """Return what meets the rule; None when it is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that the player now meets, and what proves it: the values compared, and the events that made them.

    `count` events within `span` seconds made the `value`. `events` are newest first; those of a long `window` stay in
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
        """The number under which clients know the rule."""
        return self.rule.code

    @property
    def sentence(self) -> str:
        """All of it in a sentence, for people."""
        return self.rule.sentences[PRESENT](self.rule, self)

    def sentence_as(self, wording: Wording) -> str | None:
        """Return the sentence in a wording that may be a former one; None where this release does not have it (A45)."""
        tell = self.rule.sentences.get(wording)
        return tell and tell(self.rule, self)
