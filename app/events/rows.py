"""The columns of a stored event, and the values that are made from them: the one place that knows both."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.events.domain import Decision
from app.rules.event import TYPE_BY_NAME, ActivityEvent

EVENT = "type, amount, n, event_id"  # beside user_id and t
DECISION = f"{EVENT}, alert_codes, edition, taken_after"


def event_of(  # noqa: PLR0913, PLR0917  # a row's columns; by name they would cost every event more
    user_id: int, t: int, stored_type: str, amount: Decimal, n: int = 0, event_id: str | None = None
) -> ActivityEvent:
    """Make an event from the columns of its row, those of `EVENT` in their order; every query does so here."""
    return ActivityEvent(user_id=user_id, t=t, type=TYPE_BY_NAME[stored_type], amount=amount, n=n, event_id=event_id)


def decision_of(user_id: int, t: int, columns: Sequence[Any], *, replayed: bool = False) -> Decision:
    """Make a decision from the columns of its row."""
    *stored, codes, edition, taken_after = columns
    event = event_of(user_id, t, *stored)
    return Decision(event=event, alert_codes=tuple(codes), edition=edition, replayed=replayed, taken_after=taken_after)
