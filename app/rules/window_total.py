"""A total over a window of time above a threshold."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.parameters import amount, event_type
from app.rules.rule import Match, TotalLimit
from app.rules.windowed import Windowed
from app.rules.wording import (
    DONE,
    NOUNS,
    PRESENT,
    counted,
    counted_0_1,
    lasting_0_1,
    money,
    since,
    since_0_1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTotal(Windowed):
    """Met when the events of `type` in the window add up to more than `above`."""

    kind = "window_total"
    meaning = "the events of the type within the window, up to the present one, add up to more than a threshold"

    type: EventType = field(metadata=event_type())
    above: Decimal = field(metadata=amount("the threshold; a total equal to it does not count"))

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{NOUNS[self.type]}s {self.within} add up to more than {money(self.above)}"

    @property
    def limit_of_total(self) -> TotalLimit | None:
        """The threshold, where the window is a number of seconds."""
        return TotalLimit(self.type, self.seconds, self.above) if self.seconds is not None else None

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """The events of the type within the window."""
        return self.window_needs(self.type)

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when the events of the type in the window add up to more than the threshold."""
        held = self.held(self.type, event, history)
        if held is None or held.total <= self.above:
            return None
        return Match(
            rule=self,
            value=money(held.total),
            threshold=money(self.above),
            count=held.number,
            span=event.t - held.first_t,
            events=held.events,
            windows=(held.window,) if held.window else (),
        )

    def _sentence(self, match: Match) -> str:
        done = f"{DONE[self.type]} {since(match.span, match.count)} by {counted(match.count, self.type)}"
        return f"{match.value} {done} (threshold {match.threshold} {self.within})"

    def _sentence_0_1(self, match: Match) -> str:
        done = f"{DONE[self.type]} {since_0_1(match.span, match.count)} by {counted_0_1(match.count, self.type)}"
        return f"{match.value} {done}; the limit is {match.threshold} in {lasting_0_1(self.seconds or 0)}"

    sentences: ClassVar = {PRESENT: _sentence, None: _sentence_0_1}
