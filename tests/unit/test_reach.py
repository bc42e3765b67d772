"""A change of an event reaches every later event whose codes can change with it (A51)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rules.engine import RuleSet
from app.rules.event import ActivityEvent, EventType
from app.rules.net_total import NetTotal
from app.rules.rejudging import Judges, Rejudging
from app.rules.rule import Rule
from app.rules.running_history import RunningHistory
from app.rules.spans import Unit
from app.rules.window_count import WindowCount
from app.rules.window_total import WindowTotal
from tests.edition_1 import RULES

LONG = WindowTotal(code=7, name="long", description="long", type=EventType.DEPOSIT, above=Decimal(200), seconds=3600)
WITHIN: dict[str, Any] = {"period": Unit.DAY, "zone": "Europe/Amsterdam"}
COUNTED = WindowCount(code=8, name="count", description="count", type=EventType.DEPOSIT_FAILED, count=1, **WITHIN)
NET = NetTotal(code=9, name="net", description="net", above=Decimal(100), evaluated_on=frozenset(EventType), **WITHIN)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([*EventType]),
        st.sampled_from(["60", "70", "80", "101"]),
        st.sampled_from([1, 10, 29, 30, 31, 3599, 3600, 40_000]),  # seconds after the event before
    ),
    min_size=2,
    max_size=12,
)


def made(moves: Sequence[tuple[EventType, str, int]]) -> list[ActivityEvent]:
    events, t = [], 0
    for kind, amount, gap in moves:
        t += gap
        events.append(ActivityEvent(user_id=1, t=t, type=kind, amount=Decimal(amount)))
    return events


def codes_of(rule_set: RuleSet, judges: Judges, events: Sequence[ActivityEvent]) -> dict[int, list[int]]:
    history, found = RunningHistory(judges.furthest), {}
    for event in events:
        found[event.t] = [match.code for match in rule_set.evaluate(event, history.before(event.t))]
        history.remember(event)
    return found


@pytest.mark.parametrize("rule", [*RULES, LONG, COUNTED, NET], ids=lambda rule: str(rule.code))
@given(moves=EVENTS, place=st.integers(0, 11))
@settings(max_examples=300, deadline=None)
def test_every_event_whose_codes_change_is_judged_again(
    rule: Rule, moves: list[tuple[EventType, str, int]], place: int
) -> None:
    rule_set = RuleSet(edition=1, rules=[rule])
    judges, events = Judges.of([rule_set]), made(moves)
    late = events[place % len(events)]
    first, now = (
        codes_of(rule_set, judges, [each for each in events if each is not without]) for without in (late, None)
    )
    history = RunningHistory(judges.furthest)
    for event in events[: events.index(late) + 1]:
        history.remember(event)
    rejudging = Rejudging(judges, history, [late])
    reached = True
    for event in events[events.index(late) + 1 :]:
        reached = reached and rejudging.may_reach(event.t)
        matches = rejudging.judge(event, 1) if reached else None
        assert (first[event.t] if matches is None else [match.code for match in matches]) == now[event.t]
        rejudging.go_beyond(event)
