"""Corrections of events, as plain values: what they say, what is kept of them, and when they are refused (A52)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from app.alerts.domain import Changes
from app.events.domain import CorrectedEvent, Decision
from app.rules.event import EventRef, EventType

MAX_REASON = 500  # characters
MAX_CHANGED = 1_000  # events whose codes changed, in one answer about corrections that were made


class Place(NamedTuple):
    """Where an event stands among those of its player, which are in the order of these."""

    t: int
    n: int


class Kind(StrEnum):
    """What a correction says: that the event did not happen, or that its type or amount was another."""

    REVERSAL = "reversal"
    AMENDMENT = "amendment"


class TypeAndAmount(NamedTuple):
    """What an event says."""

    type: EventType
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What is wrong about an event: all of it, or its type, or its amount. `actor` says so, for this reason.

    `at_shell` is the operating system's user and host, for a command.
    """

    reason: str
    actor: str
    at_shell: str | None = None
    type: EventType | None = None
    amount: Decimal | None = None

    @property
    def kind(self) -> Kind:
        """A reversal changes neither type nor amount: it leaves no event."""
        return Kind.REVERSAL if self.type is None and self.amount is None else Kind.AMENDMENT


@dataclass(frozen=True, slots=True)
class RecordedCorrection:
    """A correction as it was recorded: event, arrival number, type and amount before and after, who, when and why.

    `no` counts the corrections of the event. `new_type` and `new_amount` are None for a reversal.
    """

    user_id: int
    seq: int
    t: int
    n: int
    event_id: str | None
    no: int
    type: EventType
    amount: Decimal
    new_type: EventType | None
    new_amount: Decimal | None
    reason: str
    actor: str
    at: datetime
    at_shell: str | None

    @property
    def kind(self) -> Kind:
        """Whether it left an event."""
        return Kind.REVERSAL if self.new_type is None else Kind.AMENDMENT

    @property
    def before(self) -> "TypeAndAmount":
        """What the event said until then."""
        return TypeAndAmount(self.type, self.amount)

    @property
    def after(self) -> "TypeAndAmount | None":
        """What it says since, None if it was reversed."""
        if self.new_type is None or self.new_amount is None:
            return None
        return TypeAndAmount(self.new_type, self.new_amount)

    @property
    def event(self) -> EventRef:
        """What names the event."""
        return EventRef(self.t, self.n, self.event_id)

    def says(self, correction: Correction) -> bool:
        """Tell whether this is the same correction, sent again."""
        if correction.kind is not self.kind:
            return False
        if correction.kind is Kind.REVERSAL:
            return True
        changed = (
            correction.type is not None and self.new_type is not self.type,
            correction.amount is not None and self.new_amount != self.amount,
        )
        is_as_sent = correction.type in {None, self.new_type} and correction.amount in {None, self.new_amount}
        return is_as_sent and any(changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCodes:
    """An event whose codes changed with a correction: those believed before, and those believed now."""

    event: EventRef
    codes_before: tuple[int, ...]
    codes_after: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The outcome of a correction: the record of it, and the events whose codes changed, itself first."""

    correction: RecordedCorrection
    revised: Sequence[ChangedCodes]
    replayed: bool = False

    @property
    def changes(self) -> Changes:
        """The codes that were found late and retracted."""
        changes = Changes()
        for each in self.revised:
            changes.add(each.codes_before, each.codes_after)
        return changes


class FirstVersion(NamedTuple):
    """A corrected event as it was first answered, and its last correction."""

    first: Decision
    correction: int
    reversed: bool

    def refusal(self) -> CorrectedEvent:
        """Return the refusal of another event with the identity of this one."""
        return CorrectedEvent(self.first.event, self.correction, reversed_=self.reversed)


class CorrectionRefused(Exception):
    """A well-formed correction that cannot be made; it leaves no trace."""


class NoEventToCorrect(CorrectionRefused):
    """No such event of the player is stored."""

    def __init__(self, user_id: int, event: int | str, *, has_id: str | None = None) -> None:
        at = f"event_id {event}" if isinstance(event, str) else f"t {event}"
        hint = f"; the event at t {event} has the event_id {has_id}: correct it by that id" if has_id else ""
        kind = "event without an event_id" if has_id else "event"
        super().__init__(f"no {kind} of player {user_id} is stored with {at}{hint}")


class AlreadyReversed(CorrectionRefused):
    """The event has been reversed, so there is nothing to amend."""

    def __init__(self, user_id: int, event: EventRef, correction: int) -> None:
        which = f"event_id {event.event_id}" if event.event_id else f"t {event.t}"
        super().__init__(
            f"the event of player {user_id} with {which} was reversed by correction {correction}; "
            f"if it did happen, send it as another event with {'an event_id' if event.event_id else 'a t'} of its own"
        )


class NothingToAmend(CorrectionRefused):
    """The event has this type and this amount already."""

    def __init__(self, user_id: int, event: EventRef, kind: EventType, amount: Decimal) -> None:
        which = f"event_id {event.event_id}" if event.event_id else f"t {event.t}"
        super().__init__(
            f"the event of player {user_id} with {which} is a {kind} of {amount:.2f} already; send what it should be"
        )


class NotCounted(CorrectionRefused):
    """A release without numbers stored the event, and it is not counted yet (A44)."""

    def __init__(self, user_id: int, event: EventRef) -> None:
        super().__init__(
            f"the event of player {user_id} at t {event.t} is of a release without numbers; an operator has to count "
            "those first, on the service's machine, with `rules count`"
        )
