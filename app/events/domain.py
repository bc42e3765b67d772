"""How events are taken, and what is answered: pure values. What an event is, the kernel says (app.rules)."""

from dataclasses import dataclass
from enum import StrEnum

from app.rules.event import ActivityEvent


class EventOrder(StrEnum):
    """Over which events `t` has to rise: those of one user, or those of the whole system."""

    USER = "user"
    SYSTEM = "system"


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

    def __init__(self, user_id: int) -> None:
        super().__init__(f"user {user_id} is not in the register; register the user, then send the event again")


class OutOfOrder(EventRefused):
    """`t` lies below `latest`, the latest moment of the user or of the system, and no event is stored there."""

    def __init__(self, user_id: int, t: int, latest: int, order: EventOrder = EventOrder.USER) -> None:
        super().__init__(
            f"t {t} is not above {latest}, the latest of user {user_id}"
            if order is EventOrder.USER
            else f"t {t} is below {latest}, the latest of the system; t must rise over all users"
        )


class DuplicateEvent(EventRefused):
    """Another event already stands at this moment: one of the user, or where `t` rises over all users of anybody."""

    def __init__(self, user_id: int, t: int, order: EventOrder = EventOrder.USER) -> None:
        super().__init__(
            f"another event of user {user_id} stands at t {t}; send a correction as an event of its own"
            if order is EventOrder.USER
            else f"another user's event stands at t {t}, and t must rise over all users"
        )
