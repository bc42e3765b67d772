"""A history updated event by event equals the one that a list, and so the database, would give."""

from decimal import Decimal
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backtest.judging import needs_of_all
from app.rules import running_history
from app.rules.engine import RuleSet, evaluate, needs_of
from app.rules.event import EventType
from app.rules.history import HistoryNeeds, Window, WindowSum
from app.rules.rule import Rule
from app.rules.running_history import RunningHistory
from app.rules.spans import Period, Seconds, Unit
from tests.builders import deposit, history_of, played_by, withdraw
from tests.strategies import CROWDED, EDITIONS, STARTS, ZONES

TYPES = st.sampled_from(EventType)
COUNTS = st.dictionaries(TYPES, st.integers(0, 4))
SECONDS = st.integers(1, 60) | st.sampled_from([300, 301, 3600])
SPANS = st.builds(Seconds, SECONDS) | st.builds(Period, st.sampled_from(Unit), ZONES)
NEEDS = st.builds(
    HistoryNeeds,
    latest=st.integers(0, 4),
    latest_of=COUNTS,
    window=st.dictionaries(TYPES, SECONDS),
    sums=st.frozensets(st.builds(Window, TYPES, SPANS), max_size=4),
)
Steps = list[tuple[EventType, Decimal, int]]


@given(NEEDS, st.lists(CROWDED, min_size=1, max_size=3), STARTS, st.integers(1, 8), st.data())
def test_it_equals_a_plain_list_for_one_player_after_another(
    needs: HistoryNeeds, users: list[Steps], start: int, room: int, data: st.DataObject
) -> None:
    with mock.patch.object(running_history, "ROOM", room):
        running = RunningHistory(needs)
        for user_id, played in enumerate(users, start=1):
            running.forget()
            events = played_by(user_id, played, start=start)
            for place, event in enumerate(events):
                found, expected = running.before(event.t), history_of(events[:place], needs, event.t)
                assert found.latest == expected.latest
                assert dict(found.latest_of) == expected.latest_of
                assert dict(found.window) == expected.window
                # Not every sum at every event: a sum that was not read for long must catch up.
                for window in needs.sums:
                    if data.draw(st.booleans()):
                        assert found.sums.get(window) == expected.sums.get(window)
                running.remember(event)


@given(EDITIONS, EDITIONS, CROWDED)
def test_two_editions_share_it_and_each_judges_as_if_alone(one: list[Rule], other: list[Rule], played: Steps) -> None:
    running = RunningHistory(needs_of_all(*(RuleSet(edition=1, rules=rules) for rules in (one, other))))
    events = played_by(1, played)
    for place, event in enumerate(events):
        for rules in (one, other):
            own = history_of(events[:place], needs_of(rules, event.type), event.t)
            assert evaluate(rules, event, running.before(event.t)) == evaluate(rules, event, own)
        running.remember(event)


@given(EDITIONS, CROWDED)
def test_an_edition_finds_what_its_rules_find_one_by_one(rules: list[Rule], played: Steps) -> None:
    """It evaluates only those that an event of the type can meet."""
    rule_set, events = RuleSet(edition=1, rules=rules), played_by(1, played)
    for place, event in enumerate(events):
        history = history_of(events[:place], needs_of_all(rule_set), event.t)
        met = [rule.match(event, history) for rule in rules if event.type in rule.evaluated_on]
        found = sorted((match for match in met if match), key=lambda match: match.code)
        assert list(rule_set.evaluate(event, history)) == found


def test_only_windows_with_events_have_sums() -> None:
    short, long = Window(EventType.DEPOSIT, Seconds(10)), Window(EventType.DEPOSIT, Seconds(400))
    running = RunningHistory(HistoryNeeds(sums=frozenset({short, long, Window(EventType.WITHDRAW, Seconds(400))})))
    for event in (deposit("0.10", 0), deposit("0.20", 100), withdraw("5", 390), deposit("1", 391)):
        running.remember(event)
    sums = running.before(401).sums
    assert dict(sums) == {
        short: WindowSum(Decimal("1.00"), 1, 391),
        long: WindowSum(Decimal("1.20"), 2, 100),
        Window(EventType.WITHDRAW, Seconds(400)): WindowSum(Decimal("5.00"), 1, 390),
    }
    assert len(sums) == 3
    assert dict(running.before(791).sums) == {long: WindowSum(Decimal("1.00"), 1, 391)}


def test_the_greatest_amounts_are_summed_to_the_cent() -> None:
    window = Window(EventType.DEPOSIT, Seconds(31 * 24 * 3600))
    running = RunningHistory(HistoryNeeds(sums=frozenset({window})))
    for t in range(3000):
        running.remember(deposit("999999999999.99", t))
    assert running.before(3000).sums[window].total == 3000 * Decimal("999999999999.99")


def test_events_outside_all_windows_are_dropped() -> None:
    running = RunningHistory(HistoryNeeds(latest=2, sums=frozenset({Window(EventType.DEPOSIT, Seconds(400))})))
    for t in range(20 * running_history.ROOM):
        running.remember(deposit("1", t))
    [ledger] = running._sums._ledgers.values()  # noqa: SLF001  # what it keeps is what this is about
    assert len(ledger.times) <= running_history.ROOM + 1
    assert running.before(20 * running_history.ROOM).sums[Window(EventType.DEPOSIT, Seconds(400))].count == 400


@pytest.mark.parametrize("gap", [1, 1000])
def test_it_stays_small_while_events_are_only_remembered(gap: int) -> None:
    """Before the scope of a backtest events are only remembered."""
    deposits, withdrawals = EventType.DEPOSIT, EventType.WITHDRAW
    running = RunningHistory(HistoryNeeds(latest=3, latest_of={deposits: 2}, window={deposits: 30, withdrawals: 300}))
    for place in range(20_000):
        event = (deposit, withdraw)[place % 2]("1", place * gap)
        running.remember(event)
    kept = running._history  # noqa: SLF001  # as above
    assert [len(kept.latest), len(kept.latest_of[deposits])] == [3, 2]
    assert [len(kept.window[kind]) for kind in (deposits, withdrawals)] == [-(-31 // (2 * gap)), -(-301 // (2 * gap))]
