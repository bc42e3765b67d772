"""The order of events, the answers to them, and their refusals: pure values. The kernel (app.rules) defines events."""

from dataclasses import dataclass
from enum import StrEnum

from app.rules.event import ActivityEvent
from app.rules.limits import MAX_IN_A_SECOND


class EventOrder(StrEnum):
    """Over which events `t` has to rise: those of one player, or those of the whole system."""

    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to an event: the codes it raised, the edition that raised them, and whether it is a replay.

    `taken_after` is the player's latest `t` when a late event came; None for one in order (A51).
    """

    event: ActivityEvent
    alert_codes: tuple[int, ...]
    edition: int
    replayed: bool = False
    taken_after: int | None = None

    @property
    def alert(self) -> bool:
        """True exactly when the event raised a code."""
        return bool(self.alert_codes)

    @property
    def late(self) -> bool:
        """Whether it came after an event of the player with a later `t`."""
        return self.taken_after is not None


class MeaningOfT(StrEnum):
    """Whether `t` is Unix time in seconds, or any rising number."""

    NUMBER = "number"
    UNIX = "unix"


class EventRefused(Exception):
    """A well-formed event that cannot be accepted; it leaves no trace."""


class UnknownUser(EventRefused):
    """Players have to be registered, and this one is not."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"player {user_id} is not registered; register the player, then send the event again")


class OutOfOrder(EventRefused):
    """`t` is below `latest`, that of the player's or the system's latest event, and no event is stored at it."""

    def __init__(self, user_id: int, t: int, latest: int, order: EventOrder = EventOrder.USER) -> None:
        super().__init__(
            f"t {t} is below {latest}, the latest of player {user_id}"
            if order is EventOrder.USER
            else f"t {t} is below {latest}, the latest of the system; t must rise over all players"
        )


class TooLate(OutOfOrder):
    """`t` is further below the player's latest than late events may be (A51)."""

    def __init__(self, user_id: int, t: int, latest: int, horizon: int) -> None:
        EventRefused.__init__(
            self,
            f"t {t} is {latest - t} s below {latest}, the latest of player {user_id}, "
            f"and LATE_HORIZON allows {horizon} s",
        )


class TooManyInReach(EventRefused):
    """More events than a request may read or judge again are within reach of this change (A51)."""

    def __init__(self, user_id: int, t: int, most: int, todo: str) -> None:
        super().__init__(f"more than {most:,} events of player {user_id} are within reach of the one at t {t}; {todo}")


class InTheFuture(EventRefused):
    """`t` is more than `allowed` seconds ahead of `now`, and no event is stored at it (A31)."""

    def __init__(self, t: int, *, now: int, allowed: int) -> None:
        unit = next((name for factor, name in _SMALLER_UNITS if abs(t // factor - now) < _YEAR), None)
        todo = f"t is in seconds, and this looks like {unit}" if unit else "correct the sender's clock"
        super().__init__(
            f"t {t} is {t - now} s ahead of the service's clock, and T_AHEAD allows {allowed} s; "
            f"{todo}, then send the event again"
        )


_SMALLER_UNITS = ((1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds"))
_YEAR = 366 * 24 * 3600


class DuplicateEvent(EventRefused):
    """Another event is stored at this moment: one of the player's, or anyone's if `t` rises over all players."""

    def __init__(self, user_id: int, t: int, order: EventOrder = EventOrder.USER) -> None:
        super().__init__(
            f"another event of player {user_id} is stored at t {t}; send a correction as a separate event"
            if order is EventOrder.USER
            else f"another player's event is stored at t {t}, and t must rise over all players"
        )


class DuplicateId(EventRefused):
    """An event that differs in type, amount or `t` is stored under this `event_id` of the player (A49)."""

    def __init__(self, event: ActivityEvent, stored: ActivityEvent) -> None:
        sent = {"type": event.type, "amount": f"{event.amount:.2f}", "t": event.t}
        kept = {"type": stored.type, "amount": f"{stored.amount:.2f}", "t": stored.t}
        differing = " and ".join(f"{name} {kept[name]}" for name in kept if kept[name] != sent[name])
        super().__init__(
            f"event_id {event.event_id} of player {event.user_id} is stored with {differing}; "
            "send another event with an event_id of its own"
        )


class CorrectedEvent(EventRefused):
    """Another event was sent with the identity of this one, which has been corrected since (A52)."""

    def __init__(self, stored: ActivityEvent, correction: int, *, reversed_: bool) -> None:
        which = f"event_id {stored.event_id}" if stored.event_id else f"t {stored.t}"
        super().__init__(
            f"the event of player {stored.user_id} with {which} was {'reversed' if reversed_ else 'amended'} by "
            f"correction {correction}; send another event with {'an event_id' if stored.event_id else 'a t'} of its own"
        )


class FullSecond(EventRefused):
    """So many events of the player share this second that no other may (A49)."""

    def __init__(self, user_id: int, t: int) -> None:
        super().__init__(f"{MAX_IN_A_SECOND} events of player {user_id} are stored at t {t}; send a later t")


class TakenSecond(EventRefused):
    """Of the event at this moment and the one that is stored there, one has no `event_id`: it has the whole second."""

    def __init__(self, event: ActivityEvent, stored: ActivityEvent) -> None:
        held = "an event with an event_id" if stored.event_id else "an event without an event_id"
        super().__init__(
            f"{held} of player {event.user_id} is stored at t {event.t}; only events with an event_id share a second"
        )
