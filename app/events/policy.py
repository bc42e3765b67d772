"""Which events are accepted, apart from the rules; built once, with the application."""

from dataclasses import dataclass

from app.events.domain import EventOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """Over which events `t` has to rise (A7), and whether players have to be registered (A11).

    `t_ahead` is by how many seconds `t` may be ahead of the service's clock; None: it is compared with no clock (A31).
    `late_horizon` is by how many seconds `t` may be below the player's latest; None: not at all (A51).
    """

    order: EventOrder
    registered_users_only: bool
    t_ahead: int | None = None
    late_horizon: int | None = None
