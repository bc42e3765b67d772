"""How far back a window reaches: a number of seconds, or the present day, week or month somewhere.

A calendar needs `t` in Unix seconds. Time zones are those of the locked package `tzdata`, never those of the machine,
so that every process, and every release with the same lock, finds the same midnight.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it has data and one constant

HOUR = 60 * 60  # seconds
DAY = 24 * HOUR
CYCLE = 146_097 * DAY  # 400 years, after which dates and weekdays repeat
LAST = 253_000_000_000  # a `t` of the year 9987; Python knows no year after 9999


class Unit(StrEnum):
    """A unit of the calendar; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


LONGEST = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31}  # days


@dataclass(frozen=True, slots=True)
class Seconds:
    """The `seconds` before an event, both ends included."""

    seconds: int

    @property
    def longest(self) -> int:
        """The most seconds that such a window spans."""
        return self.seconds

    def opens(self, t: int) -> int:
        """Return the first second of the window that ends at `t`."""
        return t - self.seconds


@dataclass(frozen=True, slots=True)
class Period:
    """The day, week or month that an event falls into, in an IANA time zone, up to the event."""

    unit: Unit
    zone: str

    @property
    def longest(self) -> int:
        """The most seconds that such a window spans: a day more than its days, for changes of the clock."""
        return (LONGEST[self.unit] + 1) * DAY

    def opens(self, t: int) -> int:
        """Return the first second of the window that ends at `t`; for any `t`, even one that is no date of ours."""
        skipped = max(t - LAST + CYCLE - 1, 0) // CYCLE * CYCLE
        begins, ends = _present(self.unit, self.zone, (t - skipped) // HOUR)
        return skipped + (begins if t - skipped < ends else ends)


Span = Seconds | Period


@lru_cache(maxsize=4096)
def _present(unit: Unit, zone: str, hour: int) -> tuple[int, int]:
    """Return when the period begins into which the start of an hour falls, and when the next one does."""
    first = datetime.fromtimestamp(hour * HOUR, zone_of(zone)).date()
    if unit is Unit.WEEK:
        first -= timedelta(days=first.weekday())
    elif unit is Unit.MONTH:
        first = first.replace(day=1)
    following = first + timedelta(days=LONGEST[unit])
    if unit is Unit.MONTH:
        following = following.replace(day=1)
    return _begin(first, zone), _begin(following, zone)


def _begin(day: date, zone: str) -> int:
    """Return the first second of a day: its first midnight, or what comes in place of a midnight that is skipped."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)).timestamp())


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset((resources.files(tzdata) / "zones").read_text(encoding="ascii").split())


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name; raises `ValueError` if there is none."""
    if name not in zone_names():
        raise ValueError(name)
    with (resources.files(tzdata) / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def zones_version() -> str:
    """Return the edition of the time zones, such as 2026a."""
    return str(tzdata.IANA_VERSION)
