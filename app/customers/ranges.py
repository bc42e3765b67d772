"""The time that a picture of a customer shows, cut into buckets: hours or days of a reader's clock, or plain numbers.

Where `t` is Unix time, a range reaches back from now. Where `t` is only a number (A80), there is no now: the range
reaches back from the customer's latest event, and 24 h are 86,400.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.rules.spans import DAY, HOUR, LAST

MAX_BUCKETS = 120


class Range(StrEnum):
    """How far back a picture reaches."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    ALL = "all"


SPANS = {Range.DAY: DAY, Range.WEEK: 7 * DAY, Range.MONTH: 30 * DAY}  # seconds
STEPS = {Range.DAY: HOUR, Range.WEEK: 6 * HOUR, Range.MONTH: DAY}
CLOCK_STEPS = (60, 300, 900, HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY, 91 * DAY, 365 * DAY)
NUMBERS_WANTED = 60  # buckets, where nothing of a clock speaks for another number


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The buckets of a picture by their first seconds, ascending; the last one ends with `end`.

    All are `step` seconds long, but for the first and last, and for days on which the clock changes. `zone` is None
    where `t` is a number.
    """

    edges: tuple[int, ...]
    end: int
    step: int
    zone: str | None

    def ends(self, place: int) -> int:
        """Return the first second after a bucket."""
        return self.edges[place + 1] if place + 1 < len(self.edges) else self.end + 1


def is_time_of_day(t: int) -> bool:
    """Return whether a `t` has a date that Python can tell."""
    return 0 <= t <= LAST


def axis_of(shown: Range, *, first: int, end: int, zone: str | None) -> Axis:
    """Return the buckets of a range that ends at `end`; all of the time begins with `first`."""
    begin = min(first, end) if shown is Range.ALL else max(end - SPANS[shown], 0)
    span = end - begin
    if zone is None or not is_time_of_day(end):
        step = _round_step(span)
        return Axis(edges=tuple(_multiples(begin, end, step)), end=end, step=step, zone=None)
    step = STEPS.get(shown) or _clock_step(span)
    is_calendar = DAY <= step <= CLOCK_STEPS[-1]
    edges = _midnights(begin, end, step, zone) if is_calendar else _multiples(begin, end, step, _offset(begin, zone))
    return Axis(edges=tuple(edges), end=end, step=step, zone=zone)


def _round_step(span: int) -> int:
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * NUMBERS_WANTED >= span:
                return step
        size *= 10


def _clock_step(span: int) -> int:
    most = MAX_BUCKETS - 2  # the first and the last bucket are parts
    years = -(-span // (most * CLOCK_STEPS[-1]))
    return next((step for step in CLOCK_STEPS if span <= step * most), years * CLOCK_STEPS[-1])


def _multiples(begin: int, end: int, step: int, offset: int = 0) -> Iterator[int]:
    yield begin
    yield from range((begin + offset) // step * step + step - offset, end + 1, step)


def _midnights(begin: int, end: int, step: int, zone: str) -> Iterator[int]:
    yield begin
    known = ZoneInfo(zone)
    day = datetime.fromtimestamp(begin, known).date()
    while True:
        day += timedelta(seconds=step)
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=known).timestamp())
        if midnight > end:
            return
        yield midnight


def _offset(t: int, zone: str) -> int:
    offset = datetime.fromtimestamp(t, ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
