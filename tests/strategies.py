"""Hypothesis strategies for random rules, editions and histories."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from app.rules.event import EventType
from app.rules.rising_streak import RisingStreak
from app.rules.rule import Rule
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal

TYPES = st.sampled_from(EventType)
COMMON = {
    "code": st.integers(1, 2000),
    "name": st.just("a rule"),
    "description": st.just("what it is for"),
    "type": TYPES,
    "evaluated_on": st.frozensets(TYPES, min_size=1),
}
COUNTS = st.integers(2, 5) | st.integers(2, 100)
LIMITS = st.integers(0, 30_000).map(lambda cents: Decimal(cents) / 100)
SECONDS = st.sampled_from([1, 2, 10, 30, 300, 301, 3600]) | st.integers(1, 31 * 24 * 3600)


def satisfiable(rule: Threshold | Streak) -> Rule:
    return replace(rule, evaluated_on=rule.evaluated_on | {rule.type})


RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Threshold, above=LIMITS, **COMMON).map(satisfiable),
    st.builds(Streak, count=COUNTS, **COMMON).map(satisfiable),
    st.builds(RisingStreak, count=COUNTS, **COMMON),
    st.builds(WindowTotal, above=LIMITS, seconds=SECONDS, **COMMON),
)
EDITIONS = st.lists(RULES, min_size=1, max_size=8, unique_by=lambda rule: rule.code)


GAPS = st.sampled_from([1, 2, 10, 29, 30, 31, 299, 300, 301, 3600, 40 * 24 * 3600]) | st.integers(1, 5000)
AMOUNTS = st.integers(1, 12_000).map(lambda cents: Decimal(cents) / 100)
# Steps of players whose events may share a second.
CROWDED = st.lists(st.tuples(TYPES, AMOUNTS, st.just(0) | GAPS), min_size=1, max_size=20)
PLAYED: st.SearchStrategy[list[tuple[EventType, Decimal, int]]] = st.lists(
    st.tuples(TYPES, AMOUNTS, GAPS), min_size=1, max_size=20
)
