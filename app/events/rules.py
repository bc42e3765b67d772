"""The rules, as frozen values of four kinds, and the one function that judges by them.

Nothing here reads a clock, a row, a request or a log, so the same event with the same history is always judged
the same: live, in the shadow and on history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from app.events.domain import BOTH_TYPES, ActivityEvent, EventType, History, HistoryNeeds, Window, WindowSum
from app.events.wording import DONE, counted, lasting, money, rising, since

LONGEST_LISTED = 300  # seconds; the events of a longer window are not listed but summed up by the database
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What met a rule: the values that were compared, and the events that made them.

    `events` are newest first; of a long window they stay in the database, with their number in `count`.
    """

    value: str
    limit: str
    count: int
    sentence: str
    events: Sequence[ActivityEvent] = ()
    window: Window | None = None


class Rule(Protocol):
    """One criterion of the rule book; every kind of rule is a frozen value of this form."""

    @property
    def code(self) -> int:
        """The number under which clients know the rule."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def description(self) -> str:
        """The rule in one line, for people."""

    @property
    def evaluated_on(self) -> frozenset[EventType]:
        """The types of event on which the rule is evaluated at all (A2)."""

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""

    def needs(self, on: EventType) -> HistoryNeeds:
        """Tell what history the rule reads when an event of type `on` is judged."""

    def proof(self, event: ActivityEvent, history: History) -> Proof | None:
        """Return what meets the rule; None when it is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The event itself is of `type` and its amount is above `above`."""

    code: int
    name: str
    description: str
    type: EventType
    above: Decimal
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"a {self.type} above {money(self.above)}"

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """Nothing: the event stands for itself."""
        return HistoryNeeds()

    def proof(self, event: ActivityEvent, history: History) -> Proof | None:  # noqa: ARG002  # as above
        """Return the event when it is above the limit; the limit itself is not."""
        if event.type is not self.type or event.amount <= self.above:
            return None
        value, limit = money(event.amount), money(self.above)
        sentence = f"{value} {DONE[self.type]} at once; the limit is {limit}"
        return Proof(value=value, limit=limit, count=1, sentence=sentence, events=(event,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """This event and the `count` - 1 before it are all of `type`; any other event in between starts anew."""

    code: int
    name: str
    description: str
    type: EventType
    count: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{self.count} consecutive {self.type}s"

    def needs(self, on: EventType) -> HistoryNeeds:
        """The events just before, but only where this one is of the type itself."""
        return HistoryNeeds(latest=self.count - 1 if on is self.type else 0)

    def proof(self, event: ActivityEvent, history: History) -> Proof | None:
        """Return the last `count` events when all are of the type."""
        if event.type is not self.type:
            return None
        latest = (event, *history.latest[: self.count - 1])
        if len(latest) < self.count or any(each.type is not self.type for each in latest):
            return None
        count = str(self.count)
        took = since(event.t - latest[-1].t, self.count)
        sentence = f"{count} {self.type}s in a row, {took}; the limit is {count} in a row"
        return Proof(value=count, limit=count, count=self.count, sentence=sentence, events=latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingStreak:
    """The user's last `count` events of `type`, others ignored, rise strictly in amount (A3)."""

    code: int
    name: str
    description: str
    type: EventType
    count: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{self.count} consecutive rising {self.type}s"

    def needs(self, on: EventType) -> HistoryNeeds:
        """The last of the type; one fewer where this event is one of them."""
        return HistoryNeeds(latest_of={self.type: self.count - (on is self.type)})

    def proof(self, event: ActivityEvent, history: History) -> Proof | None:
        """Return the last `count` events of the type when each is above the one before."""
        before = history.latest_of.get(self.type, ())
        if event.type is not self.type:
            latest = tuple(before[: self.count])
        elif before and event.amount > before[0].amount:
            latest = (event, *before[: self.count - 1])
        else:
            return None
        if len(latest) < self.count or not _rises(latest):
            return None
        rose = rising([each.amount for each in latest])
        sentence = f"the last {self.count} {self.type}s rose from {rose}; the limit is {self.count} that rise"
        return Proof(value=str(self.count), limit=str(self.count), count=self.count, sentence=sentence, events=latest)


def _rises(newest_first: Sequence[ActivityEvent]) -> bool:
    """Tell whether each is above the one before it."""
    newer = newest_first[0].amount
    for older in newest_first[1:]:
        if newer <= older.amount:
            return False
        newer = older.amount
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowTotal:
    """Events of `type` in the closed window from `t` - `seconds` to `t` add up to above `above` (A1)."""

    code: int
    name: str
    description: str
    type: EventType
    above: Decimal
    seconds: int
    evaluated_on: frozenset[EventType] = BOTH_TYPES

    @property
    def terms(self) -> str:
        """The rule's parameters in words."""
        return f"{self.type}s within {lasting(self.seconds)} add up to above {money(self.above)}"

    def needs(self, on: EventType) -> HistoryNeeds:  # noqa: ARG002  # the same for every type
        """The events of the type within the window, or their sum where they may be many."""
        if self.seconds > LONGEST_LISTED:
            return HistoryNeeds(sums=frozenset({self._window}))
        return HistoryNeeds(window={self.type: self.seconds})

    def proof(self, event: ActivityEvent, history: History) -> Proof | None:
        """Return the events of the type in the window when their total is above the limit."""
        own = (event,) if event.type is self.type else ()
        if self.seconds > LONGEST_LISTED:
            return self._proof_of(event, own, history.sums.get(self._window))
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

    def _proof_of(self, event: ActivityEvent, own: tuple[ActivityEvent, ...], before: WindowSum | None) -> Proof | None:
        """Judge by the sum of what came before."""
        total = (before.total if before else Decimal(0)) + (event.amount if own else 0)
        if total <= self.above:
            return None
        since = before.first_t if before else event.t
        return self._met(total, (before.count if before else 0) + len(own), event.t - since, own)

    @property
    def _window(self) -> Window:
        return Window(type=self.type, seconds=self.seconds)

    def _met(self, total: Decimal, count: int, span: int, events: Sequence[ActivityEvent]) -> Proof:
        value, limit = money(total), money(self.above)
        done = f"{DONE[self.type]} {since(span, count)} by {counted(count, self.type)}"
        sentence = f"{value} {done}; the limit is {limit} in {lasting(self.seconds)}"
        window = self._window if len(events) < count else None
        return Proof(value=value, limit=limit, count=count, sentence=sentence, events=events, window=window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule that the user now meets, with what proves it."""

    code: int
    proof: Proof


def evaluate(rules: Iterable[Rule], event: ActivityEvent, history: History) -> tuple[Alert, ...]:
    """Judge one event: the alerts that the user meets once it has happened (A4), codes ascending."""
    met = [
        Alert(code=rule.code, proof=proof)
        for rule in rules
        if event.type in rule.evaluated_on and (proof := rule.proof(event, history))
    ]
    return tuple(sorted(met, key=lambda alert: alert.code)) if met else ()


def needs_of(rules: Iterable[Rule], on: EventType) -> HistoryNeeds:
    """Tell what history all the rules together read when an event of type `on` is judged."""
    needs = HistoryNeeds()
    for rule in rules:
        if on in rule.evaluated_on:
            needs |= rule.needs(on)
    return needs
