"""A total over a window of time above a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window, WindowSum
from app.rules.limits import MAX_LISTED_WINDOW, MAX_LONG_WINDOWS
from app.rules.parameters import amount, duration, event_type
from app.rules.rule import Match, Rule
from app.rules.wording import (
    DONE,
    NOUNS,
    PRESENT,
    counted,
    counted_0_1,
    lasting,
    lasting_0_1,
    money,
    since,
    since_0_1,
)

NOTHING = Decimal(0)
LONG = f"an edition has at most {MAX_LONG_WINDOWS} distinct pairs of `type` and `seconds` above {MAX_LISTED_WINDOW}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTotal(Rule):
    """Met when events of `type` in the closed window from `t` - `seconds` to `t` add up to more than `above` (A1)."""

    kind = "window_total"
    meaning = "the events of the type from `t` - `seconds` to `t` add up to more than a threshold"

    type: EventType = field(metadata=event_type())
    above: Decimal = field(metadata=amount("the threshold; a total equal to it does not count"))
    seconds: int = field(metadata=duration(LONG))

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{NOUNS[self.type]}s within {lasting(self.seconds)} add up to more than {money(self.above)}"

    @property
    def max_events(self) -> int:
        """One per second, both ends included; of events that share a second, the newest (A49)."""
        return self.seconds + 1

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """The events of the type within the window, or only their sum if they may be many."""
        if self.seconds > MAX_LISTED_WINDOW:
            return HistoryNeeds(sums=frozenset({self._window}))
        return HistoryNeeds(window={self.type: self.seconds})

    def match(self, event: ActivityEvent, history: History) -> Match | None:
        """Return a match when the events of the type in the window add up to more than the threshold."""
        own = (event,) if event.type is self.type else ()
        if self.seconds > MAX_LISTED_WINDOW:
            return self._match_of_sum(event, own, history.sums.get(self._window))
        opens = event.t - self.seconds
        total, count = (event.amount, 1) if own else (NOTHING, 0)
        before = history.window.get(self.type, ())
        for each in before:
            if each.t >= opens:
                total += each.amount
                count += 1
        if total <= self.above:
            return None
        within = (*own, *before[: count - len(own)])
        return self._met(total, count, event.t - within[-1].t, within)

    def _match_of_sum(
        self, event: ActivityEvent, own: tuple[ActivityEvent, ...], before: WindowSum | None
    ) -> Match | None:
        """Evaluate with the sum of the events before this one."""
        total = (before.total if before else NOTHING) + (event.amount if own else 0)
        if total <= self.above:
            return None
        first_t = before.first_t if before else event.t
        return self._met(total, (before.count if before else 0) + len(own), event.t - first_t, own)

    @property
    def _window(self) -> Window:
        return Window(type=self.type, seconds=self.seconds)

    def _met(self, total: Decimal, count: int, span: int, events: Sequence[ActivityEvent]) -> Match:
        return Match(
            rule=self,
            value=money(total),
            threshold=money(self.above),
            count=count,
            span=span,
            events=events,
            window=self._window if len(events) < count else None,
        )

    def _sentence(self, match: Match) -> str:
        done = f"{DONE[self.type]} {since(match.span, match.count)} by {counted(match.count, self.type)}"
        return f"{match.value} {done} (threshold {match.threshold} within {lasting(self.seconds)})"

    def _sentence_0_1(self, match: Match) -> str:
        done = f"{DONE[self.type]} {since_0_1(match.span, match.count)} by {counted_0_1(match.count, self.type)}"
        return f"{match.value} {done}; the limit is {match.threshold} in {lasting_0_1(self.seconds)}"

    sentences: ClassVar = {PRESENT: _sentence, None: _sentence_0_1}
