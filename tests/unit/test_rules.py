"""The rules, both sides of every edge (CONTRACT: the codes)."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.engine import evaluate, needs_of
from app.rules.event import ActivityEvent, EventType
from app.rules.history import HistoryNeeds, Window
from app.rules.rising_streak import RisingStreak
from app.rules.spans import Seconds
from app.rules.streak import Streak
from app.rules.threshold import Threshold
from app.rules.window_total import WindowTotal
from testkit import oracle
from tests.builders import as_sent, deposit, history_of, played_by, withdraw
from tests.edition_1 import RULES


def codes(*events: ActivityEvent) -> list[int]:
    """Judge the last of a player's events by what came before it."""
    *earlier, event = events
    history = history_of(earlier, needs_of(RULES, event.type), event.t)
    return [alert.code for alert in evaluate(RULES, event, history)]


EDGES: Sequence[tuple[str, list[ActivityEvent], list[int]]] = [
    ("a first small deposit meets nothing", [deposit("42.00")], []),
    ("1100: a withdrawal of exactly 100 does not count", [withdraw("100.00")], []),
    ("1100: a withdrawal of a cent more does", [withdraw("100.01")], [1100]),
    ("1100: a large deposit is no withdrawal", [deposit("150.00")], []),
    ("30: two withdrawals are no streak", [withdraw("1", 0), withdraw("1", 1)], []),
    ("30: three are", [withdraw("1", 0), withdraw("1", 1), withdraw("1", 2)], [30]),
    ("30: a fourth still is (A4)", [withdraw("1", t) for t in range(4)], [30]),
    (
        "30: a deposit in between starts the count again",
        [withdraw("1", 0), withdraw("1", 1), deposit("1", 2), withdraw("1", 3), withdraw("1", 4)],
        [],
    ),
    ("30: a deposit after the third ends it", [*(withdraw("1", t) for t in range(3)), deposit("1", 3)], []),
    ("300: two rising deposits are not enough", [deposit("1", 0), deposit("2", 1)], []),
    ("300: three rising deposits", [deposit("1", 0), deposit("2", 100), deposit("3", 200)], [300]),
    ("300: equal amounts are no rise (A3)", [deposit("1", 0), deposit("2", 1), deposit("2.00", 2)], []),
    ("300: a cent is a rise", [deposit("1", 0), deposit("2", 1), deposit("2.01", 2)], [300]),
    ("300: the rise must be of the last three", [deposit("5", 0), deposit("1", 1), deposit("2", 2)], []),
    ("300: a fourth that rises still meets it", [deposit(str(n), n) for n in range(1, 5)], [300]),
    ("300: a fall ends it", [deposit("1", 0), deposit("2", 1), deposit("3", 2), deposit("1", 3)], []),
    (
        "300: withdrawals in between are ignored",
        [deposit("1", 0), withdraw("9", 1), deposit("2", 2), withdraw("9", 3), deposit("3", 4)],
        [300],
    ),
    (
        "300: it is evaluated on a withdrawal as well (A2)",
        [deposit("1", 0), deposit("2", 1), deposit("3", 2), withdraw("9", 3)],
        [300],
    ),
    ("123: a total of exactly 200 does not count", [deposit("150", 0), deposit("50.00", 30)], []),
    ("123: a cent more does", [deposit("150", 0), deposit("50.01", 30)], [123]),
    ("123: one deposit alone can meet it", [deposit("200.01")], [123]),
    ("123: exactly 30 seconds apart counts (A1)", [deposit("150", 10), deposit("51", 40)], [123]),
    ("123: 31 seconds apart does not", [deposit("150", 10), deposit("51", 41)], []),
    ("123: withdrawals do not add to it", [withdraw("100", 0), deposit("150", 1)], []),
    ("123: it is evaluated on a withdrawal as well (A2)", [deposit("201", 0), withdraw("1", 30)], [123]),
    ("123: until the window has passed", [deposit("201", 0), withdraw("1", 31)], []),
    (
        "30 and 123 together, which only a withdraw can meet (A2)",
        [deposit("201", 0), withdraw("1", 1), withdraw("1", 2), withdraw("1", 3)],
        [30, 123],
    ),
    (
        "all four, codes ascending",
        [*(deposit(str(n), n) for n in (98, 99, 100)), *(withdraw("101", 100 + n) for n in (1, 2, 3))],
        [30, 123, 300, 1100],
    ),
]


@pytest.mark.parametrize(("events", "expected"), [edge[1:] for edge in EDGES], ids=[edge[0] for edge in EDGES])
def test_the_last_event_raises_exactly_these_codes(events: list[ActivityEvent], expected: list[int]) -> None:
    assert codes(*events) == expected


def test_an_alert_names_the_events_that_prove_it() -> None:
    first, second, third = deposit("1", 0), deposit("2", 1), deposit("3", 2)
    last = withdraw("9", 3)
    history = history_of([first, second, third], needs_of(RULES, last.type), last.t)
    [alert] = evaluate(RULES, last, history)
    assert alert.events == (third, second, first)


def test_a_rule_is_evaluated_only_on_its_types() -> None:
    rule = RisingStreak(
        code=1,
        name="",
        description="",
        type=EventType.DEPOSIT,
        count=2,
        evaluated_on=frozenset({EventType.DEPOSIT}),
    )
    earlier = [deposit("1", 0), deposit("2", 1)]
    needs = HistoryNeeds(latest_of={EventType.DEPOSIT: 2})
    assert evaluate([rule], withdraw("1", 2), history_of(earlier, needs, 2)) == ()
    assert evaluate([rule], deposit("3", 2), history_of(earlier, needs, 2))
    assert needs_of([rule], EventType.WITHDRAW) == HistoryNeeds()


NEEDS = [
    (
        "a deposit cannot end a streak of withdrawals",
        EventType.DEPOSIT,
        HistoryNeeds(latest_of={EventType.DEPOSIT: 2}, window={EventType.DEPOSIT: 30}),
    ),
    (
        "a withdrawal is judged with the two events before it",
        EventType.WITHDRAW,
        HistoryNeeds(latest=2, latest_of={EventType.DEPOSIT: 3}, window={EventType.DEPOSIT: 30}),
    ),
]


@pytest.mark.parametrize(("kind", "needs"), [row[1:] for row in NEEDS], ids=[row[0] for row in NEEDS])
def test_only_the_relevant_history_is_requested(kind: EventType, needs: HistoryNeeds) -> None:
    assert needs_of(RULES, kind) == needs


def test_the_needs_of_several_rules_are_the_maximum_of_each() -> None:
    several = [
        Streak(code=1, name="", description="", type=EventType.DEPOSIT, count=5),
        Streak(code=2, name="", description="", type=EventType.DEPOSIT, count=3),
        WindowTotal(code=3, name="", description="", type=EventType.WITHDRAW, above=Decimal(1), seconds=60),
        WindowTotal(code=4, name="", description="", type=EventType.DEPOSIT, above=Decimal(1), seconds=5),
        Threshold(code=5, name="", description="", type=EventType.DEPOSIT, above=Decimal(1)),
        WindowTotal(code=6, name="", description="", type=EventType.DEPOSIT, above=Decimal(1), seconds=3600),
    ]
    assert needs_of(several, EventType.DEPOSIT) == HistoryNeeds(
        latest=4,
        window={EventType.WITHDRAW: 60, EventType.DEPOSIT: 5},
        sums=frozenset({Window(EventType.DEPOSIT, Seconds(3600))}),
    )


AMOUNTS = st.integers(1, 12_000).map(lambda cents: Decimal(cents) / 100) | st.sampled_from(
    [Decimal("100.00"), Decimal("100.01"), Decimal("50.00"), Decimal("200.00"), Decimal("66.67")]
)
PLAYED = st.lists(
    st.tuples(st.sampled_from(EventType), AMOUNTS, st.sampled_from([1, 2, 10, 15, 29, 30, 31, 500])),
    min_size=1,
    max_size=12,
)


@given(PLAYED)
def test_any_history_is_judged_as_the_oracle_does(played: list[tuple[EventType, Decimal, int]]) -> None:
    events = played_by(1, played)
    for count in range(1, len(events) + 1):
        assert codes(*events[:count]) == oracle.codes_after([as_sent(event) for event in events[:count]])
