"""Activity events, what is known of a user when one is judged, and what is answered: pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class EventType(StrEnum):
    """What a player did with money."""

    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"


class EventOrder(StrEnum):
    """Over which events `t` has to rise: those of one user, or those of the whole system."""

    USER = "user"
    SYSTEM = "system"


BOTH_TYPES = frozenset(EventType)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEvent:
    """One deposit or withdrawal: `t` in whole seconds, compared with no clock (A31), `amount` exact and above zero."""

    user_id: int
    t: int
    type: EventType
    amount: Decimal

    def says_the_same_as(self, other: "ActivityEvent") -> bool:
        """Compare type and amount by value: 42 and 42.00 are one amount."""
        return self.type is other.type and self.amount == other.amount


@dataclass(frozen=True, slots=True)
class Window:
    """The `seconds` before an event, both ends included, and of what type events in it are looked at."""

    type: EventType
    seconds: int


@dataclass(frozen=True, slots=True)
class WindowSum:
    """What the events of a window add up to, how many they are, and when the first one was; none: no sum."""

    total: Decimal
    count: int
    first_t: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNeeds:
    """How far back the rules look from one event; what bounds every read of history.

    `latest`: how many events before it; `latest_of`: how many of a type; `window`: how many seconds of a type;
    `sums`: the windows of which only the sum is read.
    """

    latest: int = 0
    latest_of: Mapping[EventType, int] = field(default_factory=dict)
    window: Mapping[EventType, int] = field(default_factory=dict)
    sums: frozenset[Window] = frozenset()

    def __or__(self, other: "HistoryNeeds") -> "HistoryNeeds":
        """Enough for both."""
        return HistoryNeeds(
            latest=max(self.latest, other.latest),
            latest_of=_greater(self.latest_of, other.latest_of),
            window=_greater(self.window, other.window),
            sums=self.sums | other.sums,
        )


def _greater(one: Mapping[EventType, int], other: Mapping[EventType, int]) -> Mapping[EventType, int]:
    """Merge two tables of lengths; the greater of each wins."""
    return {kind: max(one.get(kind, 0), other.get(kind, 0)) for kind in EventType if kind in {**one, **other}}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a user did before the event that is judged: each part newest first, as far as it was needed."""

    latest: Sequence[ActivityEvent] = ()
    latest_of: Mapping[EventType, Sequence[ActivityEvent]] = field(default_factory=dict)
    window: Mapping[EventType, Sequence[ActivityEvent]] = field(default_factory=dict)
    sums: Mapping[Window, WindowSum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the service answers for an event: the codes met by which edition, and whether it was judged before."""

    event: ActivityEvent
    alert_codes: tuple[int, ...]
    edition: int
    replayed: bool = False

    @property
    def alert(self) -> bool:
        """True exactly when a code is met."""
        return bool(self.alert_codes)


class EventRefused(Exception):
    """An event that is well formed and cannot be taken; it leaves no trace."""


class UnknownUser(EventRefused):
    """Registered users are required and this one is not in the register."""


class OutOfOrder(EventRefused):
    """`t` lies below the latest moment and no event is stored there."""


class DuplicateEvent(EventRefused):
    """Another event already stands at this moment."""
