"""Activity events, the rules over them, and the one function that judges.

Pure values: nothing here reads a clock, a row, a request or a log, so the same event with the same
history is always judged the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Protocol


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
    """One deposit or withdrawal: `t` in whole seconds, `amount` exact and above zero."""

    user_id: int
    t: int
    type: EventType
    amount: Decimal

    def says_the_same_as(self, other: "ActivityEvent") -> bool:
        """Compare type and amount by value: 42 and 42.00 are one amount."""
        return self.type is other.type and self.amount == other.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryNeeds:
    """How far back the rules look from one event; what bounds every read of history.

    `latest`: how many events before it; `latest_of`: how many of a type; `window`: how many seconds of a type.
    """

    latest: int = 0
    latest_of: Mapping[EventType, int] = field(default_factory=dict)
    window: Mapping[EventType, int] = field(default_factory=dict)

    def __or__(self, other: "HistoryNeeds") -> "HistoryNeeds":
        """Enough for both."""
        return HistoryNeeds(
            latest=max(self.latest, other.latest),
            latest_of=_greater(self.latest_of, other.latest_of),
            window=_greater(self.window, other.window),
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


class Rule(Protocol):
    """One criterion of the rule book; every kind of rule is a frozen value of this form."""

    @property
    def code(self) -> int:
        """The number under which clients know the rule."""

    @property
    def description(self) -> str:
        """The rule in one line, for people."""

    @property
    def evaluated_on(self) -> frozenset[EventType]:
        """The types of event on which the rule is evaluated at all (A2)."""

    def needs(self, on: EventType) -> HistoryNeeds:
        """Tell what history the rule reads when an event of type `on` is judged."""

    def proof(self, event: ActivityEvent, history: History) -> tuple[ActivityEvent, ...]:
        """Return the events that meet the rule, newest first; empty when it is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The event itself is of `type` and its amount is above `above`."""

    code: int
    description: str
    type: EventType
    above: Decimal
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """Nothing: the event stands for itself."""
        return HistoryNeeds()

    def proof(self, event: ActivityEvent, history: History) -> tuple[ActivityEvent, ...]:  # noqa: ARG002  # as above
        """Return the event when it is above the limit; the limit itself is not."""
        return (event,) if event.type is self.type and event.amount > self.above else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """This event and the `count` - 1 before it are all of `type`; any other event in between starts anew."""

    code: int
    description: str
    type: EventType
    count: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    def needs(self, on: EventType) -> HistoryNeeds:
        """The events just before, but only where this one is of the type itself."""
        return HistoryNeeds(latest=self.count - 1 if on is self.type else 0)

    def proof(self, event: ActivityEvent, history: History) -> tuple[ActivityEvent, ...]:
        """Return the last `count` events when all are of the type."""
        latest = (event, *history.latest)[: self.count]
        unbroken = len(latest) == self.count and all(each.type is self.type for each in latest)
        return latest if unbroken else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingStreak:
    """The user's last `count` events of `type`, others ignored, rise strictly in amount (A3)."""

    code: int
    description: str
    type: EventType
    count: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    def needs(self, on: EventType) -> HistoryNeeds:
        """The last of the type; one fewer where this event is one of them."""
        return HistoryNeeds(latest_of={self.type: self.count - (on is self.type)})

    def proof(self, event: ActivityEvent, history: History) -> tuple[ActivityEvent, ...]:
        """Return the last `count` events of the type when each is above the one before."""
        own = (event,) if event.type is self.type else ()
        latest = (*own, *history.latest_of.get(self.type, ()))[: self.count]
        rising = len(latest) == self.count and all(newer.amount > older.amount for newer, older in pairwise(latest))
        return latest if rising else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTotal:
    """Events of `type` in the closed window from `t` - `seconds` to `t` add up to above `above` (A1)."""

    code: int
    description: str
    type: EventType
    above: Decimal
    seconds: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """The events of the type within the window."""
        return HistoryNeeds(window={self.type: self.seconds})

    def proof(self, event: ActivityEvent, history: History) -> tuple[ActivityEvent, ...]:
        """Return the events of the type in the window when their total is above the limit."""
        opens = event.t - self.seconds
        own = (event,) if event.type is self.type else ()
        within = (*own, *(each for each in history.window.get(self.type, ()) if each.t >= opens))
        return within if sum(each.amount for each in within) > self.above else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that the user now meets, with the events that prove it, newest first."""

    code: int
    because: tuple[ActivityEvent, ...]


def evaluate(rules: Iterable[Rule], event: ActivityEvent, history: History) -> tuple[Alert, ...]:
    """Judge one event: the alerts that the user meets once it has happened (A4), codes ascending."""
    met = [
        Alert(code=rule.code, because=proof)
        for rule in rules
        if event.type in rule.evaluated_on and (proof := rule.proof(event, history))
    ]
    return tuple(sorted(met, key=lambda alert: alert.code))


def needs_of(rules: Iterable[Rule], on: EventType) -> HistoryNeeds:
    """Tell what history all the rules together read when an event of type `on` is judged."""
    needs = HistoryNeeds()
    for rule in rules:
        if on in rule.evaluated_on:
            needs |= rule.needs(on)
    return needs


RULES: tuple[Rule, ...] = (
    Streak(code=30, description="three consecutive withdraws", type=EventType.WITHDRAW, count=3),
    WindowTotal(
        code=123,
        description="deposits within 30 seconds add up to above 200",
        type=EventType.DEPOSIT,
        above=Decimal(200),
        seconds=30,
    ),
    RisingStreak(
        code=300,
        description="three consecutive rising deposits, withdraws ignored",
        type=EventType.DEPOSIT,
        count=3,
    ),
    Threshold(code=1100, description="a withdraw above 100", type=EventType.WITHDRAW, above=Decimal(100)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the service answers for an event: the codes met, and whether it was judged before."""

    event: ActivityEvent
    alert_codes: tuple[int, ...]
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
