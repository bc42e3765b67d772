"""The rules once more, as naively as can be: over all events of a user, from the rule as it is written.

It shares no code with the application, reads no index and keeps no state.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple


class Played(NamedTuple):
    """An event of a user."""

    type: str
    amount: Decimal
    t: int


def codes(rules: Sequence[Mapping[str, Any]], events: Sequence[Played]) -> list[int]:
    """Return the codes that the last of these events raises, ascending."""
    last = events[-1].type
    return sorted(rule["code"] for rule in rules if last in rule["evaluated_on"] and MET[rule["kind"]](rule, events))


def threshold(rule: Mapping[str, Any], events: Sequence[Played]) -> bool:
    return events[-1].type == rule["type"] and events[-1].amount > Decimal(rule["above"])


def streak(rule: Mapping[str, Any], events: Sequence[Played]) -> bool:
    return [event.type for event in events[-rule["count"] :]] == [rule["type"]] * rule["count"]


def rising_streak(rule: Mapping[str, Any], events: Sequence[Played]) -> bool:
    amounts = [event.amount for event in events if event.type == rule["type"]][-rule["count"] :]
    return len(amounts) == rule["count"] and amounts == sorted(set(amounts))


def window_total(rule: Mapping[str, Any], events: Sequence[Played]) -> bool:
    opens = events[-1].t - rule["seconds"]
    within = [event.amount for event in events if event.type == rule["type"] and event.t >= opens]
    return sum(within, Decimal(0)) > Decimal(rule["above"])


MET = {"threshold": threshold, "streak": streak, "rising_streak": rising_streak, "window_total": window_total}


class Evidence(NamedTuple):
    """What meets a rule: the value, the limit, and the t of the events that made it, newest first."""

    value: str
    limit: str
    moments: list[int]


def evidence(rule: Mapping[str, Any], events: Sequence[Played]) -> Evidence:
    """Return what proves that the last of these events meets the rule."""
    if rule["kind"] == "threshold":
        return Evidence(f"{events[-1].amount:.2f}", rule["above"], [events[-1].t])
    counting = [event for event in reversed(events) if event.type == rule["type"]]
    if rule["kind"] == "window_total":
        within = [event for event in counting if event.t >= events[-1].t - rule["seconds"]]
        total = sum((event.amount for event in within), Decimal(0))
        return Evidence(f"{total:.2f}", rule["above"], [event.t for event in within])
    count = rule["count"]
    return Evidence(str(count), str(count), [event.t for event in counting[:count]])
