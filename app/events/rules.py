"""The rules, as frozen values of four kinds, and the one function that judges by them.

Nothing here reads a clock, a row, a request or a log, so the same event with the same history is always judged
the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from app.events.domain import BOTH_TYPES, ActivityEvent, EventType, History, HistoryNeeds


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
