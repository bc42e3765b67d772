"""What a player did before an event, and how far back the rules look: pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.rules.event import MONEY_TYPES, ActivityEvent, EventType
from app.rules.spans import Span


@dataclass(frozen=True, slots=True)
class Window:
    """The events of `type` within the span that ends at an event, both ends included."""

    type: EventType
    span: Span


@dataclass(frozen=True, slots=True)
class WindowSum:
    """The total of a window's events, their number, and when the first was; an empty window has no sum."""

    total: Decimal
    count: int
    first_t: int


Groups = frozenset[str]
NO_GROUPS: Groups = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNeeds:
    """How far back the rules look from one event; this bounds every read of history.

    `latest`: how many deposits and withdrawals before it; `latest_of`: how many of each type; `window`: how many
    seconds of each type; `sums`: the windows of which only the sum is read; `groups`: whether rules are for groups of
    players.
    """

    latest: int = 0
    latest_of: Mapping[EventType, int] = field(default_factory=dict)
    window: Mapping[EventType, int] = field(default_factory=dict)
    sums: frozenset[Window] = frozenset()
    groups: bool = False

    def __or__(self, other: "HistoryNeeds") -> "HistoryNeeds":
        """Return needs that cover both."""
        return HistoryNeeds(
            latest=max(self.latest, other.latest),
            latest_of=_greater(self.latest_of, other.latest_of),
            window=_greater(self.window, other.window),
            sums=self.sums | other.sums,
            groups=self.groups or other.groups,
        )

    @property
    def last_of(self) -> Mapping[EventType, int]:
        """How many of the last events of each type suffice for `latest` and `latest_of` together."""
        return _greater(dict.fromkeys(MONEY_TYPES, self.latest) if self.latest else {}, self.latest_of)

    @property
    def longest(self) -> int:
        """The most seconds that any window spans."""
        return max((*self.window.values(), *(window.span.longest for window in self.sums)), default=0)

    def longest_of(self, kind: EventType) -> int | None:
        """The most seconds that any window of a type spans; None if there is none of it."""
        spans = [window.span.longest for window in self.sums if window.type is kind]
        return max((*spans, *([self.window[kind]] if kind in self.window else ())), default=None)


def _greater(one: Mapping[EventType, int], other: Mapping[EventType, int]) -> Mapping[EventType, int]:
    """Merge two mappings; the greater value of each key wins."""
    return {kind: max(one.get(kind, 0), other.get(kind, 0)) for kind in EventType if kind in {**one, **other}}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a player did before the event under evaluation, as far back as needed; each part newest first.

    `latest` are deposits and withdrawals only. `groups` are those that the player is in at the event (A56).
    """

    latest: Sequence[ActivityEvent] = ()
    latest_of: Mapping[EventType, Sequence[ActivityEvent]] = field(default_factory=dict)
    window: Mapping[EventType, Sequence[ActivityEvent]] = field(default_factory=dict)
    sums: Mapping[Window, WindowSum] = field(default_factory=dict)
    groups: Groups = NO_GROUPS
