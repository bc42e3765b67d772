"""A single event above a threshold."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.parameters import amount, event_type
from app.rules.rule import Match, Rule
from app.rules.wording import DONE, NOUNS, PRESENT, money


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Rule):
    """Met when the event itself is of `type` and its amount is above `above`."""

    kind = "threshold"
    meaning = "this event is of the type and above a threshold"
    met_only_by = "type"

    type: EventType = field(metadata=event_type())
    above: Decimal = field(metadata=amount("the threshold; an amount equal to it does not count"))

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"a {NOUNS[self.type]} above {money(self.above)}"

    @property
    def max_events(self) -> int:
        """The event itself."""
        return 1

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """No history: the event alone decides."""
        return HistoryNeeds()

    def match(self, event: ActivityEvent, history: History) -> Match | None:  # noqa: ARG002  # as above
        """Return a match when the amount is above the threshold; an amount equal to it is not."""
        if event.type is not self.type or event.amount <= self.above:
            return None
        return Match(rule=self, value=money(event.amount), threshold=money(self.above), count=1, events=(event,))

    def _sentence(self, match: Match) -> str:
        return f"{match.value} {DONE[self.type]} at once (threshold {match.threshold})"

    def _sentence_0_1(self, match: Match) -> str:
        return f"{match.value} {DONE[self.type]} at once; the limit is {match.threshold}"

    sentences: ClassVar = {PRESENT: _sentence, None: _sentence_0_1}
