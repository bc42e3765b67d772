"""Hypothesis strategies for random rules, editions and histories."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from app.rules.event import MONEY_TYPES, EventType
from app.rules.limits import MAX_LONG_WINDOWS
from app.rules.net_total import NetTotal
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.spans import Unit
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_count import WindowCount
from app.rules.window_total import WindowTotal
from app.rules.windowed import Windowed

TYPES = st.sampled_from(EventType)
MOVES = st.sampled_from(sorted(MONEY_TYPES))
COMMON = {
    "code": st.integers(1, 2000),
    "name": st.just("a rule"),
    "description": st.just("what it is for"),
    "evaluated_on": st.frozensets(TYPES, min_size=1),
}
COUNTS = st.integers(2, 5) | st.integers(2, 100)
LIMITS = st.integers(0, 30_000).map(lambda cents: Decimal(cents) / 100)
SECONDS = st.sampled_from([1, 2, 10, 30, 300, 301, 3600]) | st.integers(1, 366 * 24 * 3600)
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
SPANS = st.one_of(
    st.fixed_dictionaries({"seconds": SECONDS}),
    st.fixed_dictionaries({"period": st.sampled_from(Unit), "zone": ZONES}),
)


def satisfiable(rule: Threshold | Streak) -> Rule:
    return replace(rule, evaluated_on=rule.evaluated_on | {rule.type})


def windowed(kind: type[Windowed], **parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    """Return rules of a kind with a window, half of them over a period of the calendar."""
    members = st.fixed_dictionaries({**COMMON, **parameters})
    return st.builds(lambda given, span: kind(**given, **span), members, SPANS)


RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Threshold, above=LIMITS, type=TYPES, **COMMON).map(satisfiable),
    st.builds(Streak, count=COUNTS, type=MOVES, **COMMON).map(satisfiable),
    st.builds(RisingStreak, count=COUNTS, type=TYPES, **COMMON),
    windowed(WindowTotal, above=LIMITS, type=TYPES),
    windowed(WindowCount, count=st.integers(1, 5) | st.integers(1, 100), type=TYPES),
    windowed(NetTotal, above=LIMITS),
)


def has_room(rules: list[Rule]) -> bool:
    """Tell whether an edition has no more long windows than it may."""
    return len({window for rule in rules for window in rule.needs(EventType.DEPOSIT).sums}) <= MAX_LONG_WINDOWS


EDITIONS = st.lists(RULES, min_size=1, max_size=8, unique_by=lambda rule: rule.code).filter(has_room)

# Histories begin just before something that a calendar has: changes of the clock, the ends of a month and of a year.
STARTS = st.sampled_from(
    [
        int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
        for moment in (
            "1970-01-01T00:00:00",
            "2026-03-29T00:30:00",  # Europe's clocks go forward, New York's did three weeks before
            "2026-10-25T00:30:00",  # and back; Lord Howe's go by half an hour
            "2026-11-01T04:30:00",  # New York's go back
            "2026-12-31T20:00:00",
            "2028-02-29T12:00:00",
        )
    ]
)
GAPS = st.sampled_from([1, 2, 10, 29, 30, 31, 299, 300, 301, 3600, 40 * 24 * 3600]) | st.integers(1, 5000)
AMOUNTS = st.integers(1, 12_000).map(lambda cents: Decimal(cents) / 100)
# Steps of players whose events may share a second.
CROWDED = st.lists(st.tuples(TYPES, AMOUNTS, st.just(0) | GAPS), min_size=1, max_size=20)
PLAYED: st.SearchStrategy[list[tuple[EventType, Decimal, int]]] = st.lists(
    st.tuples(TYPES, AMOUNTS, GAPS), min_size=1, max_size=20
)
