"""More events of a type within a window of time than a threshold."""

from dataclasses import dataclass, field
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds
from app.rules.limits import MAX_COUNT_IN_WINDOW
from app.rules.parameters import event_count, event_type
from app.rules.rule import Match
from app.rules.windowed import Windowed
from app.rules.wording import PRESENT, counted, since


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCount(Windowed):
    """Met when more than `count` events of `type` are in the window."""

    kind = "window_count"
    meaning = "within the window, up to the present event, are more events of the type than a threshold"

    type: EventType = field(metadata=event_type())
    count: int = field(
        metadata=event_count("the threshold; as many events do not count", least=1, greatest=MAX_COUNT_IN_WINDOW)
    )

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"more than {counted(self.count, self.type)} {self.within}"

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """The events of the type within the window."""
        return self.window_needs(self.type)

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when there are more events of the type in the window than the threshold."""
        held = self.held(self.type, event, history)
        if held is None or held.number <= self.count:
            return None
        return Match(
            rule=self,
            value=str(held.number),
            threshold=str(self.count),
            count=held.number,
            span=event.t - held.first_t,
            events=held.events,
            windows=(held.window,) if held.window else (),
        )

    def _sentence(self, match: Match) -> str:
        came = f"{counted(match.count, self.type)} {since(match.span, match.count)}"
        return f"{came} (threshold {match.threshold} {self.within})"

    sentences: ClassVar = {PRESENT: _sentence}
