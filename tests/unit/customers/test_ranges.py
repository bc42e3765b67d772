"""The buckets of a picture: never too many, without gaps, and those of the reader's clock (A80)."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.customers.ranges import MAX_BUCKETS, SPANS, Axis, Range, axis_of
from app.rules.spans import DAY, HOUR, LAST

ZONES = ("UTC", "Europe/London", "Asia/Kathmandu", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia")
BIGINT_MAX = 2**63 - 1
NOON = int(datetime(2026, 11, 28, 12, 0, tzinfo=UTC).timestamp())


def begins(axis: Axis, zone: str) -> list[str]:
    return [f"{datetime.fromtimestamp(t, ZoneInfo(zone)):%d %H:%M}" for t in axis.edges]


@given(
    shown=st.sampled_from(Range),
    times=st.tuples(st.integers(0, BIGINT_MAX), st.integers(0, BIGINT_MAX))
    | st.tuples(st.integers(0, LAST), st.integers(0, LAST))
    | st.tuples(st.integers(0, 400), st.integers(0, 400)),
    zone=st.none() | st.sampled_from(ZONES),
)
@example(shown=Range.ALL, times=(0, LAST), zone="UTC")
@example(shown=Range.ALL, times=(0, 118 * 365 * DAY), zone="Europe/London")
def test_every_axis_begins_where_its_range_does_and_has_no_gap(
    shown: Range, times: tuple[int, int], zone: str | None
) -> None:
    first, end = sorted(times)
    axis = axis_of(shown, first=first, end=end, zone=zone)
    assert axis.edges[0] == (first if shown is Range.ALL else max(end - SPANS[shown], 0))
    assert 1 <= len(axis.edges) <= MAX_BUCKETS
    assert all(one < other for one, other in pairwise(axis.edges))
    assert axis.edges[-1] <= end < axis.ends(len(axis.edges) - 1)
    assert [axis.ends(place) for place in range(len(axis.edges) - 1)] == [*axis.edges[1:]]


@pytest.mark.parametrize(
    ("shown", "step", "second", "last"),
    [
        (Range.DAY, HOUR, "27 13:00", "28 12:00"),
        (Range.WEEK, 6 * HOUR, "21 18:00", "28 12:00"),
        (Range.MONTH, DAY, "30 00:00", "28 00:00"),
    ],
)
def test_hours_and_days_are_those_of_a_clock(shown: Range, step: int, second: str, last: str) -> None:
    axis = axis_of(shown, first=0, end=NOON + 20 * 60, zone="Europe/London")
    assert axis.step == step
    assert (begins(axis, "Europe/London")[1], begins(axis, "Europe/London")[-1]) == (second, last)


def test_a_day_on_which_the_clock_changes_is_still_one_bucket() -> None:
    end = int(datetime(2026, 10, 28, 12, 0, tzinfo=ZoneInfo("Europe/London")).timestamp())
    axis = axis_of(Range.MONTH, first=0, end=end, zone="Europe/London")
    lengths = [axis.ends(place) - begin for place, begin in enumerate(axis.edges)][1:-1]
    assert sorted(set(lengths)) == [DAY, 25 * HOUR]
    assert {text[3:] for text in begins(axis, "Europe/London")[1:]} == {"00:00"}


@pytest.mark.parametrize(
    ("first", "end", "edges"),
    [(10, 28, tuple(range(10, 29))), (10, 10, (10,)), (5, 300, (5, *range(10, 301, 5))), (0, 0, (0,))],
)
def test_numbers_have_round_steps(first: int, end: int, edges: tuple[int, ...]) -> None:
    axis = axis_of(Range.ALL, first=first, end=end, zone=None)
    assert axis.edges == edges
    assert axis.zone is None


def test_an_end_beyond_all_dates_is_a_number() -> None:
    assert axis_of(Range.DAY, first=0, end=LAST + 1, zone="UTC").zone is None
