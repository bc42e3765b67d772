"""Which events are taken, beside the rules: put together once, when the application is made."""

from dataclasses import dataclass

from app.events.domain import EventOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """Over which events `t` has to rise (A7), and whether only registered players' events are taken (A11)."""

    order: EventOrder
    registered_users_only: bool
