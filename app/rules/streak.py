"""A given number of events of one type in a row."""

from dataclasses import dataclass, field
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.parameters import event_count, event_type
from app.rules.rule import Match, Rule
from app.rules.wording import NOUNS, PRESENT, counted, since, since_0_1


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak(Rule):
    """Met when this deposit or withdrawal and the `count` - 1 before it are all of `type`.

    The other of the two restarts the count; failed deposits and cancelled withdrawals do not (A61).
    """

    kind = "streak"
    meaning = "this deposit or withdrawal and the `count` - 1 before it are all of the type"
    met_only_by = "type"

    type: EventType = field(metadata=event_type(types=(EventType.DEPOSIT, EventType.WITHDRAW)))
    count: int = field(metadata=event_count())

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{self.count} consecutive {NOUNS[self.type]}s"

    @property
    def max_events(self) -> int:
        """The events of the streak."""
        return self.count

    def needs(self, on: EventType) -> HistoryNeeds:
        """The events just before, but only if this one is of the type itself."""
        return HistoryNeeds(latest=self.count - 1 if on is self.type else 0)

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when the last `count` events are all of the type."""
        if event.type is not self.type:
            return None
        latest = (event, *history.latest[: self.count - 1])
        for each in latest:
            if each.type is not self.type:
                return None
        if len(latest) < self.count:
            return None
        count = str(self.count)
        span = event.t - latest[-1].t
        return Match(rule=self, value=count, threshold=count, count=self.count, span=span, events=latest)

    def _sentence(self, match: Match) -> str:
        streak = counted(match.count, self.type)
        return f"{streak} in a row {since(match.span, match.count)} (threshold {match.threshold})"

    def _sentence_0_1(self, match: Match) -> str:
        took = since_0_1(match.span, match.count)
        return f"{match.value} {self.type}s in a row, {took}; the limit is {match.threshold} in a row"

    sentences: ClassVar = {PRESENT: _sentence, None: _sentence_0_1}
