"""The scope of a backtest, and how it counts."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backtest.domain import (
    ALL_PLAYERS,
    DAY,
    EARLIEST,
    LATEST,
    BacktestRefused,
    Calendar,
    PlayerRange,
    Scope,
    format_players,
    parse_players,
)
from app.backtest.reports import BOUNDS, SAMPLES, Count, Series, bound_label
from app.backtest.tally import Tally
from app.rules.event import ActivityEvent, EventType
from app.rules.limits import BIGINT_MAX
from app.rules.rule import Match
from app.rules.threshold import Threshold
from tests.builders import deposit

READ = [
    ("7", [PlayerRange(7, 7)]),
    ("1-100", [PlayerRange(1, 100)]),
    ("205, 1-100", [PlayerRange(1, 100), PlayerRange(205, 205)]),
    ("1-5,3-9,10", [PlayerRange(1, 10)]),
    ("1-9,2-3", [PlayerRange(1, 9)]),
    (f"1-{BIGINT_MAX}", list(ALL_PLAYERS)),
]


@pytest.mark.parametrize(("written", "players"), READ, ids=[row[0] for row in READ])
def test_players_are_parsed_in_order_without_repeats(written: str, players: list[PlayerRange]) -> None:
    assert list(parse_players(written)) == players


@pytest.mark.parametrize("written", ["", "0", "a", "-1", "5-", "9-3", "1,,2", "1.5", "1-2-3", str(2**63), "٣"])
def test_invalid_player_ranges_are_refused(written: str) -> None:
    with pytest.raises(BacktestRefused, match="names no user ids"):
        parse_players(written)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=6))
def test_player_ranges_round_trip(ranges: list[tuple[int, int]]) -> None:
    players = parse_players(",".join(f"{first}-{first + more}" for first, more in ranges))
    assert parse_players(format_players(players)) == players
    meant = {each for first, more in ranges for each in range(first, first + more + 1)}
    assert meant == {each for part in players for each in range(part.first, part.last + 1)}


@pytest.mark.parametrize("until", [0, 5])
def test_a_scope_without_a_moment_is_refused(until: int) -> None:
    with pytest.raises(BacktestRefused, match="no t is at least 5 and below"):
        Scope(since=5, until=until)


NOON = 1_767_268_800  # of 2026-01-01


def test_a_day_is_a_date_where_t_can_be_one() -> None:
    calendar = Calendar()
    day = calendar.period(NOON)
    assert [calendar.name(each) for each in (day, day + 1)] == ["2026-01-01", "2026-01-02"]
    assert calendar.period(NOON + DAY // 2 - 1) == day
    assert calendar.period(NOON + DAY // 2) == day + 1, "the day ends at midnight of UTC"
    assert calendar.begins(day + 1) == NOON + DAY // 2


@pytest.mark.parametrize("t", [0, EARLIEST - 1, LATEST, NOON * 1000, BIGINT_MAX])
def test_a_day_is_otherwise_a_number(t: int) -> None:
    calendar = Calendar()
    assert calendar.name(calendar.period(t)) == f"day {t // DAY}"


SPANS = [(1500, 1), (1501, 7), (7 * 1500, 7), (7 * 1500 + 1, 28), (28 * 1500 + 1, 364), (364 * 1500 + 1, 3640)]


@pytest.mark.parametrize(("length", "days"), SPANS)
def test_a_longer_time_has_longer_periods(length: int, days: int) -> None:
    calendar = Calendar.of(range(length))
    assert calendar.days == days
    assert calendar.name(0) == ("day 0" if days == 1 else f"days 0 to {days - 1}")


def test_outliers_in_time_do_not_change_the_periods() -> None:
    assert Calendar.of([*range(20_000, 21_000), NOON * 1000 // DAY, BIGINT_MAX // DAY]).days == 1


@given(st.lists(st.integers(0, 6000), max_size=40), st.randoms())
def test_the_order_of_days_does_not_matter(days: list[int], random: Random) -> None:
    seen = [*days, *range(1480)]
    calendar = Calendar.of(seen)
    random.shuffle(seen)
    assert Calendar.of(seen) == calendar
    assert len({calendar.period(day * DAY) for day in seen}) <= 1500


def test_a_period_of_days_is_named_by_both_ends() -> None:
    calendar = Calendar(7)
    assert calendar.name(calendar.period(NOON)) == "2026-01-01 to 2026-01-07"


def test_players_are_grouped_by_their_number_of_alerts() -> None:
    assert [bound_label(each) for each in BOUNDS[:7]] == ["0", "1", "2", "3 to 5", "6 to 10", "11 to 20", "21 to 50"]
    assert list(BOUNDS) == sorted(BOUNDS)


def alert(code: int) -> Match:
    rule = Threshold(code=code, name="", description="", type=EventType.DEPOSIT, above=Decimal(0))
    return Match(rule=rule, value="1", threshold="0", count=1)


CODES = st.frozensets(st.sampled_from([30, 123, 300]))
HISTORIES = st.lists(st.lists(st.tuples(st.integers(1, 2 * DAY), CODES, CODES), max_size=8), max_size=6)
Histories = list[list[tuple[int, frozenset[int], frozenset[int]]]]


def played(histories: Histories) -> list[tuple[ActivityEvent, frozenset[int], frozenset[int]]]:
    events = []
    for user_id, steps in enumerate(histories, start=1):
        t = 0
        for gap, raised, against in steps:
            t += gap
            events.append((deposit("1", t, user_id), raised, against))
    return events


CALENDAR = Calendar()


def tally_of(histories: Histories, *, of: set[int], compares: bool = True) -> Tally:
    tally, present = Tally(CALENDAR, compares=compares), 0
    for event, raised, against in played(histories):
        if event.user_id in of:
            if event.user_id != present:
                tally.end_player()
                present = event.user_id
            tally.count(event, *(tuple(map(alert, sorted(codes))) for codes in (raised, against)))
    tally.end_player()
    return tally


OF_THE_OTHER = {Series.AGAINST, Series.LOST}  # alerts of the other edition
Codes = frozenset[int]
MEMBERS: dict[Series, Callable[[Codes, Codes], Codes]] = {
    Series.RAISED: lambda raised, _: raised,
    Series.AGAINST: lambda _, against: against,
    Series.GAINED: lambda raised, against: raised - against,
    Series.LOST: lambda raised, against: against - raised,
}


@given(HISTORIES)
def test_counts_equal_those_of_a_plain_list(histories: Histories) -> None:
    """By code, by period and by both; gained and lost as differences of sets.

    An alert is fresh if the same edition did not raise its code at the player's event before.
    """
    events = played(histories)
    none = frozenset[int]()
    before = [(none, none)] + [
        (raised, against) if event.user_id == later[0].user_id else (none, none)
        for (event, raised, against), later in pairwise(events)
    ]
    tally = tally_of(histories, of=set(range(1, 7)))
    assert tally.events == len(events)
    assert tally.players == len({event.user_id for event, *_ in events})
    for series, found in tally.reports().items():
        rows = [
            (code, event.t // DAY, event.user_id, code not in repeated[series in OF_THE_OTHER])
            for (event, raised, against), repeated in zip(events, before, strict=False)
            for code in MEMBERS[series](raised, against)
        ]
        assert found.codes == counts((code, user, fresh) for code, _, user, fresh in rows)
        assert found.periods == counts((day, user, fresh) for _, day, user, fresh in rows)
        assert found.details == counts(((day, code), user, fresh) for code, day, user, fresh in rows)
        assert found.total.fresh == sum(fresh for *_, fresh in rows)
        alerts_of = [sum(user == each for _, _, user, _ in rows) for each in {event.user_id for event, *_ in events}]
        bounds = [next(bound for bound in BOUNDS if alerts <= bound) for alerts in alerts_of]
        assert found.players_by_alerts == {bound: bounds.count(bound) for bound in sorted(set(bounds))}


def counts(rows: object) -> dict[object, Count]:
    found = defaultdict(list)
    for key, user, fresh in rows:  # type: ignore[attr-defined]  # triples
        found[key].append((user, fresh))
    return {
        key: Count(len(each), len({user for user, _ in each}), sum(fresh for _, fresh in each))
        for key, each in found.items()
    }


@given(HISTORIES, st.frozensets(st.integers(1, 6)))
def test_the_split_of_players_between_processes_does_not_matter(histories: Histories, some: frozenset[int]) -> None:
    whole, others = tally_of(histories, of=set(range(1, 7))), set(range(1, 7)) - some
    added = tally_of(histories, of=others)
    added.add(tally_of(histories, of=set(some)))
    assert added.reports() == whole.reports()
    assert (added.events, added.players) == (whole.events, whole.players)
    assert added.events_by_period == whole.events_by_period


def test_the_samples_are_few_real_and_in_order() -> None:
    histories: Histories = [[(1, frozenset({30}), frozenset())] * 50] * 4
    found = tally_of(histories, of={1, 2, 3, 4}, compares=False).reports()[Series.RAISED]
    samples = found.samples[30]
    assert len(samples) == SAMPLES
    assert list(samples) == sorted(set(samples))
    assert {each.sentence for each in samples} == {"1 deposited at once (threshold 0)"}
    assert len({each.user_id for each in samples}) > 1, "not simply the first ones"


def test_a_single_edition_is_compared_with_nothing() -> None:
    histories: Histories = [[(1, frozenset({30}), frozenset())]]
    assert tally_of(histories, of={1}, compares=False).reports().keys() == {Series.RAISED}
