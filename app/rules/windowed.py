"""What the kinds of rule share that look at a window of time: its span, and what a player did within it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, NamedTuple

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window
from app.rules.limits import MAX_LISTED_WINDOW, MAX_LONG_WINDOWS
from app.rules.parameters import duration, period, zone
from app.rules.rule import Rule
from app.rules.spans import Period, Seconds, Span, Unit
from app.rules.wording import lasting

NOTHING = Decimal(0)
LONG = (
    f"the length of a rolling window; an edition has at most {MAX_LONG_WINDOWS} distinct windows of a type that are "
    f"longer than {MAX_LISTED_WINDOW} s or a period"
)


class Held(NamedTuple):
    """The events of a type within a window: `own`, which is the present one or none, and those `before` it.

    The events of a long `window` stay in the database: then `before` is empty, and the first of them was at `first`.
    """

    total: Decimal
    number: int
    own: Sequence[ActivityEvent]
    before: Sequence[ActivityEvent] = ()
    window: Window | None = None
    first: int | None = None

    @property
    def events(self) -> Sequence[ActivityEvent]:
        """The events at hand, newest first."""
        return (*self.own, *self.before[: self.number - len(self.own)])

    @property
    def first_t(self) -> int:
        """When the first of all was."""
        return self.events[-1].t if self.first is None else self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed(Rule):
    """A rule over the closed window from `t` - `seconds`, or from the beginning of the period, to `t` (A1, A62)."""

    alternatives: ClassVar = (("seconds",), ("period", "zone"))

    seconds: int | None = field(default=None, metadata=duration(LONG))
    period: Unit | None = field(default=None, metadata=period())
    zone: str | None = field(default=None, metadata=zone())

    @property
    def span(self) -> Span:
        """How far back the window reaches."""
        if self.seconds is None:
            return Period(Unit(self.period or Unit.DAY), self.zone or "UTC")
        return Seconds(self.seconds)

    @property
    def within(self) -> str:
        """The window in words."""
        if self.seconds is None:
            return f"in a calendar {self.period} ({self.zone})"
        return f"within {lasting(self.seconds)}"

    @property
    def max_events(self) -> int:
        """One per second, both ends included; of events that share a second, the newest (A49)."""
        return self.span.longest + 1

    def window_needs(self, kind: EventType) -> HistoryNeeds:
        """Return the events of a type within the window, or only their sum if they may be many."""
        if self.seconds is None or self.seconds > MAX_LISTED_WINDOW:
            return HistoryNeeds(sums=frozenset({Window(kind, self.span)}))
        return HistoryNeeds(window={kind: self.seconds})

    def held(self, kind: EventType, event: ActivityEvent, history: History) -> Held | None:
        """Return the events of a type within the window, None without any."""
        own = (event,) if event.type is kind else ()
        total, count = (event.amount, 1) if own else (NOTHING, 0)
        if self.seconds is None or self.seconds > MAX_LISTED_WINDOW:
            window = Window(kind, self.span)
            if before := history.sums.get(window):
                return Held(total + before.total, count + before.count, own, (), window, before.first_t)
            return Held(total, count, own) if own else None
        opens = event.t - self.seconds
        listed = history.window.get(kind, ())
        for each in listed:
            if each.t >= opens:
                total += each.amount
                count += 1
        return Held(total, count, own, listed) if count else None
