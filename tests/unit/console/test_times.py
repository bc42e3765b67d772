"""Times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.console.times import distance, length, local_time, machine_time, moment, utc_time

NOW = datetime(2026, 11, 28, 23, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "28 Nov 2026, 23:30"),
        ("Europe/Madrid", "29 Nov 2026, 00:30"),
        ("Asia/Kathmandu", "29 Nov 2026, 05:15"),
        ("America/St_Johns", "28 Nov 2026, 20:00"),
    ],
)
def test_a_time_is_written_in_the_readers_zone(zone: str, text: str) -> None:
    assert local_time(NOW, zone) == text


def test_summer_time_counts() -> None:
    assert local_time(datetime(2026, 7, 1, 12, tzinfo=UTC), "Europe/Madrid") == "1 Jul 2026, 14:00"


def test_programs_and_titles_have_utc() -> None:
    assert machine_time(NOW) == "2026-11-28T23:30:05Z"
    assert utc_time(NOW) == "2026-11-28 23:30:05 UTC"


@pytest.mark.parametrize(
    "write", [machine_time, utc_time, lambda at: local_time(at, "UTC"), lambda at: distance(at, NOW)]
)
def test_a_time_without_zone_is_refused(write: object) -> None:
    assert callable(write)
    with pytest.raises(ValueError, match="without a zone"):
        write(NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("apart", "ago", "ahead"),
    [
        ({"seconds": 29}, "now", "now"),
        ({"seconds": 30}, "1 min ago", "in 1 min"),
        ({"seconds": 119}, "1 min ago", "in 1 min"),
        ({"minutes": 59, "seconds": 59}, "59 min ago", "in 59 min"),
        ({"hours": 1}, "1 h ago", "in 1 h"),
        ({"hours": 23, "minutes": 59}, "23 h ago", "in 23 h"),
        ({"days": 1}, "1 d ago", "in 1 d"),
        ({"days": 400}, "400 d ago", "in 400 d"),
    ],
)
def test_a_distance_is_told_in_its_largest_whole_unit(apart: dict[str, int], ago: str, ahead: str) -> None:
    span = timedelta(**apart)
    assert (distance(NOW - span, NOW), distance(NOW + span, NOW)) == (ago, ahead)


def test_a_short_span_is_not_nothing() -> None:
    assert length(timedelta(seconds=59)) == "< 1 min"


def test_seconds_since_1970_are_a_time_as_far_as_there_are_years() -> None:
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment(1_764_324_000) == datetime(2025, 11, 28, 10, tzinfo=UTC)
    assert moment(253_402_300_800) is None  # the year 10000
    assert moment(2**63 - 1) is None
