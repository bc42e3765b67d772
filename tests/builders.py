"""Short ways to build events and histories in tests."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from app.rules.event import MONEY_TYPES, ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window, WindowSum
from testkit import oracle


def deposit(amount: str, t: int = 0, user_id: int = 1) -> ActivityEvent:
    return ActivityEvent(user_id=user_id, t=t, type=EventType.DEPOSIT, amount=Decimal(amount))


def withdraw(amount: str, t: int = 0, user_id: int = 1) -> ActivityEvent:
    return ActivityEvent(user_id=user_id, t=t, type=EventType.WITHDRAW, amount=Decimal(amount))


def as_sent(event: ActivityEvent) -> oracle.Event:
    """Return the event as a client writes it, and as the oracle reads it."""
    kind: oracle.EventType = event.type.value
    amount = f"{event.amount:.2f}"
    return oracle.Event(type=kind, amount=amount, user_id=event.user_id, t=event.t, event_id=event.event_id)


def played_by(user_id: int, played: Iterable[tuple[EventType, Decimal, int]], *, start: int = 0) -> list[ActivityEvent]:
    """Turn steps (type, amount, seconds since the step before) into the events of a player; 0 s: in the same second."""
    steps = list(played)
    gaps = [gap for *_, gap in steps]
    t, n, events = start, -1, []
    for (kind, amount, gap), following in zip(steps, [*gaps[1:], 1], strict=False):
        t, n = t + gap, 0 if gap else n + 1
        event = ActivityEvent(user_id=user_id, t=t, type=kind, amount=amount)
        events.append(event if gap and following else replace(event, n=n, event_id=f"{t}-{n}"))
    return events


def history_of(earlier: Sequence[ActivityEvent], needs: HistoryNeeds, t: int) -> History:
    """Read a history out of a list, oldest first, as far as the needs say and no further."""
    newest_first = list(reversed(earlier))

    def of_type(kind: EventType) -> list[ActivityEvent]:
        return [event for event in newest_first if event.type is kind]

    def sum_of(window: Window) -> WindowSum | None:
        within = [event for event in of_type(window.type) if event.t >= window.span.opens(t)]
        total = sum((event.amount for event in within), Decimal(0))
        return WindowSum(total, len(within), within[-1].t) if within else None

    return History(
        latest=[event for event in newest_first if event.type in MONEY_TYPES][: needs.latest],
        latest_of={kind: of_type(kind)[:count] for kind, count in needs.latest_of.items()},
        window={
            kind: [event for event in of_type(kind) if event.t >= t - seconds] for kind, seconds in needs.window.items()
        },
        sums={window: found for window in needs.sums if (found := sum_of(window))},
    )
