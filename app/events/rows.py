"""The columns of a stored event, and the values that are made from them: the one place that knows both."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from app.events.domain import Decision
from app.rules.event import TYPE_BY_NAME, ActivityEvent

EVENT = "type, amount, n, event_id"  # beside user_id and t
DECISION = f"{EVENT}, alert_codes, edition, taken_after"

_new = object.__new__
_set_user_id, _set_t, _set_type, _set_amount, _set_n, _set_event_id = (
    vars(ActivityEvent)[name].__set__ for name in ("user_id", "t", "type", "amount", "n", "event_id")
)


def event_of(  # noqa: PLR0913, PLR0917  # a row's columns; by name they would cost every event more
    user_id: int, t: int, stored_type: str, amount: Decimal, n: int = 0, event_id: str | None = None
) -> ActivityEvent:
    """Make an event from the columns of its row, those of `EVENT` in their order; every query does so here."""
    return ActivityEvent(user_id=user_id, t=t, type=TYPE_BY_NAME[stored_type], amount=amount, n=n, event_id=event_id)


def events_of(rows: Iterable[Sequence[Any]]) -> list[ActivityEvent]:
    """Make events from many rows of user_id, t and the columns of `EVENT`.

    The fields are set one by one: calling the frozen class, which sets them by name, takes three times as long.
    """
    events = []
    for user_id, t, stored_type, amount, n, event_id in rows:
        event = _new(ActivityEvent)
        _set_user_id(event, user_id)
        _set_t(event, t)
        _set_type(event, TYPE_BY_NAME[stored_type])
        _set_amount(event, amount)
        _set_n(event, n)
        _set_event_id(event, event_id)
        events.append(event)
    return events


def decision_of(user_id: int, t: int, columns: Sequence[Any], *, replayed: bool = False) -> Decision:
    """Make a decision from the columns of its row."""
    *stored, codes, edition, taken_after = columns
    event = event_of(user_id, t, *stored)
    return Decision(event=event, alert_codes=tuple(codes), edition=edition, replayed=replayed, taken_after=taken_after)
