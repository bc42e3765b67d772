"""A given number of events of one type whose amounts rise; other types are ignored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.parameters import event_count, event_type
from app.rules.rule import Match, Rule
from app.rules.wording import MAX_AMOUNTS, NOUNS, PRESENT, counted, rising


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingStreak(Rule):
    """Met when the player's last `count` events of `type`, others ignored, rise strictly in amount (A3)."""

    kind = "rising_streak"
    meaning = "the amounts of the last `count` events of the type rise strictly, other types ignored"

    type: EventType = field(metadata=event_type())
    count: int = field(metadata=event_count())

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{self.count} consecutive rising {NOUNS[self.type]}s"

    @property
    def max_events(self) -> int:
        """The events that rise."""
        return self.count

    @property
    def max_amounts_listed(self) -> int:
        """Each amount, or just the first and the last of many."""
        return min(self.count, MAX_AMOUNTS)

    def needs(self, on: EventType) -> HistoryNeeds:
        """The last events of the type, one fewer if this event is one of them."""
        return HistoryNeeds(latest_of={self.type: self.count - (on is self.type)})

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when each of the last `count` events of the type is above the one before."""
        before = history.latest_of.get(self.type, ())
        if event.type is not self.type:
            latest = tuple(before[: self.count])
        elif before and event.amount > before[0].amount:
            latest = (event, *before[: self.count - 1])
        else:
            return None
        if len(latest) < self.count or not _rises(latest):
            return None
        count = str(self.count)
        return Match(rule=self, value=count, threshold=count, count=self.count, events=latest)

    def _sentence(self, match: Match) -> str:
        rose = rising([each.amount for each in match.events])
        return f"the last {counted(match.count, self.type)} rose from {rose} (threshold {match.threshold})"

    def _sentence_0_1(self, match: Match) -> str:
        rose = rising([each.amount for each in match.events])
        return f"the last {match.value} {self.type}s rose from {rose}; the limit is {match.threshold} that rise"

    sentences: ClassVar = {PRESENT: _sentence, None: _sentence_0_1}


def _rises(newest_first: Sequence[ActivityEvent]) -> bool:
    """Return whether each amount is above the one before it."""
    newer = newest_first[0].amount
    for older in newest_first[1:]:
        if newer <= older.amount:
            return False
        newer = older.amount
    return True
