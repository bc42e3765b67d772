"""The rules once more, written from the contract alone: dumb, slow and obviously right.

It shares no code with the application, reads no index, and keeps nothing but the plain list of a player's events; every
answer starts again from that whole list. It is the only oracle: whatever has to know a right answer asks this module.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

EventType = Literal["deposit", "withdraw", "deposit_failed", "withdraw_cancelled"]
Rule = Mapping[str, Any]  # as a client writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One action of a player: amount in plain decimal notation, t in seconds, the platform's own id if there is one."""

    type: EventType
    amount: str
    user_id: int
    t: int
    event_id: str | None = None

    def body(self) -> dict[str, str | int]:
        named = {} if self.event_id is None else {"event_id": self.event_id}
        return {"type": self.type, "amount": self.amount, "user_id": self.user_id, "t": self.t, **named}


class Evidence(NamedTuple):
    """What meets a rule: the value, the threshold, and the t of the events that made it, newest first."""

    value: str
    threshold: str
    moments: list[int]


BOTH = ("deposit", "withdraw")  # the only types that move money
NET = {"deposit": 1, "withdraw": -1, "withdraw_cancelled": 1}  # what each adds to a player's net deposits
EDITION_1: Sequence[Rule] = (
    {"code": 30, "kind": "streak", "type": "withdraw", "count": 3, "evaluated_on": BOTH},
    {"code": 123, "kind": "window_total", "type": "deposit", "above": "200", "seconds": 30, "evaluated_on": BOTH},
    {"code": 300, "kind": "rising_streak", "type": "deposit", "count": 3, "evaluated_on": BOTH},
    {"code": 1100, "kind": "threshold", "type": "withdraw", "above": "100", "evaluated_on": BOTH},
)


def threshold(rule: Rule, events: Sequence[Event]) -> bool:
    """This event has the rule's type and an amount above its threshold."""
    return events[-1].type == rule["type"] and Decimal(events[-1].amount) > Decimal(rule["above"])


def streak(rule: Rule, events: Sequence[Event]) -> bool:
    """This deposit or withdrawal and the latest ones before it all have the rule's type."""
    moves = [event.type for event in events if event.type in BOTH]
    count, kind = int(rule["count"]), str(rule["type"])
    return events[-1].type in BOTH and moves[-count:] == [kind] * count


def rising_streak(rule: Rule, events: Sequence[Event]) -> bool:
    """The latest events of the rule's type rise strictly, all others ignored."""
    amounts = [Decimal(event.amount) for event in events if event.type == rule["type"]][-rule["count"] :]
    return len(amounts) == rule["count"] and amounts == sorted(set(amounts))


def window_total(rule: Rule, events: Sequence[Event]) -> bool:
    """Events of the rule's type in the window that ends now add up to more than its threshold."""
    within = [Decimal(event.amount) for event in within_window(rule, events) if event.type == rule["type"]]
    return sum(within, Decimal(0)) > Decimal(rule["above"])


def window_count(rule: Rule, events: Sequence[Event]) -> bool:
    """More events of the rule's type are in the window that ends now than its threshold."""
    counting = [event for event in within_window(rule, events) if event.type == rule["type"]]
    return len(counting) > int(rule["count"])


def net_total(rule: Rule, events: Sequence[Event]) -> bool:
    """What was deposited in the window that ends now, less what was withdrawn for good, is above the threshold."""
    return net(within_window(rule, events)) > Decimal(rule["above"])


def net(events: Sequence[Event]) -> Decimal:
    return sum((NET.get(event.type, 0) * Decimal(event.amount) for event in events), Decimal(0))


def within_window(rule: Rule, events: Sequence[Event]) -> list[Event]:
    """Return the events of the last seconds, both ends included, or of the same day, week or month as the last one."""
    t = events[-1].t
    if "seconds" in rule:
        return [event for event in events if event.t >= t - rule["seconds"]]
    return [event for event in events if period_of(rule, event.t) == period_of(rule, t)]


def period_of(rule: Rule, t: int) -> tuple[int, ...]:
    local = datetime.fromtimestamp(t, ZoneInfo(rule["zone"]))
    if rule["period"] == "week":
        return local.isocalendar()[:2]
    return (local.year, local.month) if rule["period"] == "month" else (local.year, local.month, local.day)


IS_MET: dict[str, Callable[[Rule, Sequence[Event]], bool]] = {
    "threshold": threshold,
    "streak": streak,
    "rising_streak": rising_streak,
    "window_total": window_total,
    "window_count": window_count,
    "net_total": net_total,
}


def codes_after(events: Sequence[Event], rules: Sequence[Rule] = EDITION_1) -> list[int]:
    """Return the codes, ascending, that a player meets after the last of all their events (oldest first)."""
    last = events[-1].type
    return sorted(rule["code"] for rule in rules if last in rule["evaluated_on"] and IS_MET[rule["kind"]](rule, events))


def evidence(rule: Rule, events: Sequence[Event]) -> Evidence:
    """Return what proves that the last of these events meets the rule."""
    if rule["kind"] == "threshold":
        return Evidence(f"{Decimal(events[-1].amount):.2f}", rule["above"], [events[-1].t])
    if rule["kind"] in {"window_total", "window_count", "net_total"}:
        types = NET if rule["kind"] == "net_total" else (rule["type"],)
        within = [event for event in reversed(within_window(rule, events)) if event.type in types]
        moments = [event.t for event in within]
        if rule["kind"] == "window_count":
            return Evidence(str(len(within)), str(rule["count"]), moments)
        total = (
            net(within) if rule["kind"] == "net_total" else sum((Decimal(each.amount) for each in within), Decimal(0))
        )
        return Evidence(f"{total:.2f}", rule["above"], moments)
    counting = [event for event in reversed(events) if event.type == rule["type"]]
    count = rule["count"]
    return Evidence(str(count), str(count), [event.t for event in counting[:count]])


class Oracle:
    """Answers event after event by edition 1; the events of each player must come in the order of t.

    Events of one second, each with an id of its own, happened in the order in which they come.
    """

    def __init__(self) -> None:
        self._events: defaultdict[int, list[Event]] = defaultdict(list)

    def answer(self, event: Event) -> dict[str, object]:
        """Return the whole answer that the contract promises to this event."""
        self._events[event.user_id].append(event)
        codes = codes_after(self._events[event.user_id])
        return {"alert": bool(codes), "alert_codes": codes, "user_id": event.user_id}

    def latest(self, user_id: int, count: int) -> list[Event]:
        return self._events[user_id][-count:]
