"""Windows of the calendar begin at the first second of a local day, whatever the clock does there (A62)."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.limits import BIGINT_MAX
from app.rules.spans import CYCLE, DAY, Period, Unit, zone_names, zone_of

ZONES = st.sampled_from(
    ["UTC", "Europe/Amsterdam", "America/Santiago", "Pacific/Apia", "America/St_Johns", "Asia/Gaza"]
)


def unix(written: str, zone: str = "UTC", *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


@pytest.mark.parametrize(
    ("unit", "zone", "now", "opens"),
    [
        (Unit.DAY, "UTC", "2026-11-28T00:00:00", "2026-11-28T00:00:00"),
        (Unit.DAY, "UTC", "2026-11-28T23:59:59", "2026-11-28T00:00:00"),
        (Unit.WEEK, "UTC", "2026-11-29T23:59:59", "2026-11-23T00:00:00"),  # a Sunday
        (Unit.WEEK, "UTC", "2026-11-30T00:00:00", "2026-11-30T00:00:00"),  # a Monday
        (Unit.WEEK, "Europe/Amsterdam", "2027-01-02T12:00:00", "2026-12-28T00:00:00"),  # over the end of a year
        (Unit.MONTH, "Europe/Amsterdam", "2026-12-31T23:59:59", "2026-12-01T00:00:00"),
        (Unit.MONTH, "Europe/Amsterdam", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
        (Unit.MONTH, "America/New_York", "2028-02-29T23:59:59", "2028-02-01T00:00:00"),  # a leap year
        (Unit.MONTH, "America/New_York", "2028-03-01T00:00:00", "2028-03-01T00:00:00"),
        (Unit.DAY, "Europe/Amsterdam", "2026-03-29T12:00:00", "2026-03-29T00:00:00"),  # 23 hours long
        (Unit.DAY, "Europe/Amsterdam", "2026-10-25T12:00:00", "2026-10-25T00:00:00"),  # 25 hours long
        (Unit.DAY, "America/Santiago", "2026-09-06T12:00:00", "2026-09-06T01:00:00"),  # it has no midnight
        (Unit.DAY, "Pacific/Apia", "2011-12-31T00:00:00", "2011-12-31T00:00:00"),  # the day after the skipped one
    ],
)
def test_a_period_begins_at_its_first_second(unit: Unit, zone: str, now: str, opens: str) -> None:
    assert Period(unit, zone).opens(unix(now, zone)) == unix(opens, zone)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_as_many_hours_as_the_clock_shows(day: str, hours: int) -> None:
    """On the day of either change of the clock, every second is in the day, and none beside it."""
    zone = "Europe/Amsterdam"
    begins = unix(f"{day}T00:00:00", zone)
    period = Period(Unit.DAY, zone)
    within = [period.opens(begins + second) for second in (0, 1, 3600, 2 * 3600, 3 * 3600, hours * 3600 - 1)]
    assert set(within) == {begins}
    assert period.opens(begins - 1) < begins
    assert period.opens(begins + hours * 3600) == begins + hours * 3600


@given(st.sampled_from(Unit), ZONES, st.lists(st.integers(0, 4 * 10**9) | st.integers(0, BIGINT_MAX), min_size=2))
def test_windows_never_go_back_and_always_hold_their_event(unit: Unit, zone: str, moments: list[int]) -> None:
    period = Period(unit, zone)
    opened = [period.opens(t) for t in sorted(moments)]
    assert all(t - period.longest <= opens <= t for t, opens in zip(sorted(moments), opened, strict=True))
    assert all(earlier <= later for earlier, later in pairwise(opened))
    assert [period.opens(opens) for opens in opened if opens >= 0] == [opens for opens in opened if opens >= 0]


@given(st.sampled_from(Unit), ZONES, st.integers(0, 250_000_000_000))
def test_a_moment_beyond_all_dates_is_as_one_of_400_years_before(unit: Unit, zone: str, t: int) -> None:
    far = t + 700_000_000 * CYCLE
    near = t + (250_000_000_000 - t) // CYCLE * CYCLE
    assert Period(unit, zone).opens(far) - far == Period(unit, zone).opens(near) - near


def test_a_repeated_midnight_opens_one_day() -> None:
    """In Newfoundland the clock went from 00:01 back to 23:01 of the day before."""
    zone, period = "America/St_Johns", Period(Unit.DAY, "America/St_Johns")
    first = unix("2010-11-07T00:00:00", zone)
    again = unix("2010-11-07T00:00:00", zone, fold=1)
    assert again - first == 3600
    assert [period.opens(t) for t in (first - 1, first, first + 61, again, again + DAY // 2)] == [
        unix("2010-11-06T00:00:00", zone),
        *[first] * 4,
    ]


def test_every_zone_can_be_read_and_no_other_name() -> None:
    assert len(zone_names()) > 400
    for name in zone_names():
        assert datetime.fromtimestamp(0, zone_of(name)) == datetime.fromtimestamp(0, UTC)
    for name in ("Europe/Nowhere", "", "../zones", "zones", "Europe"):
        with pytest.raises(ValueError, match=f"^{name}$"):
            zone_of(name)
