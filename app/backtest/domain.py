"""What is judged, and how its time and its users are divided: plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.rules.limits import BIGINT_MAX

DAY = 24 * 60 * 60  # seconds
MOST_PERIODS = 1500  # of a report: four years by day
LONGER = {1: 7, 7: 28, 28: 364}  # the next longer period, each a multiple of the one before; then ten times as long

# What `t` may be taken for a Unix time: from 2000 to 2100.
EARLIEST, LATEST = 946_684_800, 4_102_444_800
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BacktestRefused(Exception):
    """A question that no backtest answers."""


@dataclass(frozen=True, slots=True, order=True)
class Users:
    """The users from `first` to `last`, both included."""

    first: int
    last: int


EVERYBODY = (Users(1, BIGINT_MAX),)


def read_users(written: str) -> tuple[Users, ...]:
    """Read users such as "7", "1-100" or "1-100,205", in ascending order and none twice; raises `BacktestRefused`."""
    read = sorted(_read_range(part.strip()) for part in written.split(","))
    merged: list[Users] = []
    for each in read:
        if merged and each.first <= merged[-1].last + 1:
            merged[-1] = Users(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return tuple(merged)


def _read_range(written: str) -> Users:
    first, dash, last = written.partition("-")
    ends = [first, last if dash else first]
    # Digits of this alphabet only, and not so many that reading them would be work.
    if all(end.isascii() and end.isdigit() and len(end) < 20 for end in ends):  # noqa: PLR2004  # as 2**63 has 19
        users = Users(*map(int, ends))
        if 1 <= users.first <= users.last <= BIGINT_MAX:
            return users
    raise BacktestRefused(f"{written!r} names no users: write 7, 1-100 or 1-100,205; ids begin at 1")


def written_users(users: Sequence[Users]) -> str:
    """Write users as they can be read again."""
    if tuple(users) == EVERYBODY:
        return "all"
    return ",".join(str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in users)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which events are judged: those of `users` with `since` <= t < `until`. What came before is history to them."""

    since: int = 0
    until: int | None = None
    users: Sequence[Users] = EVERYBODY

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.since:
            raise BacktestRefused(f"nothing lies from t {self.since} on and before t {self.until}")


@dataclass(frozen=True, slots=True)
class Span:
    """Users next to each other, all of whose events are judged by one process, and how many these are."""

    users: Users
    events: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the time of a report is divided: into periods of so many `days`, each by its number from t = 0 on."""

    days: int = 1

    @classmethod
    def of(cls, days_seen: Iterable[int]) -> "Calendar":
        """Divide by day where that is few enough, else by week, by four weeks, by 52 weeks, by ten times that.

        Only days with events count, so that a `t` far from all others spoils nothing.
        """
        days, seen = 1, set[int]()
        for day in days_seen:
            seen.add(day // days)
            while len(seen) > MOST_PERIODS:
                longer = LONGER.get(days, days * 10)
                seen = {period * days // longer for period in seen}
                days = longer
        return cls(days)

    def period(self, t: int) -> int:
        """Return the number of the period in which `t` lies."""
        return t // DAY // self.days

    def begins(self, period: int) -> int:
        """Return the first `t` of a period."""
        return period * self.days * DAY

    def name(self, period: int) -> str:
        """Name a period: by its dates of UTC where `t` can be such a time, else by the numbers of its days."""
        first = period * self.days
        last = first + self.days - 1
        if self.begins(period) < EARLIEST or self.begins(period + 1) > LATEST:
            return f"day {first}" if first == last else f"days {first} to {last}"
        return _date(first) if first == last else f"{_date(first)} to {_date(last)}"


def time_of(t: int) -> str:
    """Write `t` as a time of UTC, where it can be one; else nothing."""
    return f"{EPOCH + timedelta(seconds=t):%Y-%m-%d %H:%M:%S}" if EARLIEST <= t < LATEST else ""


def _date(day: int) -> str:
    return f"{EPOCH + timedelta(days=day):%Y-%m-%d}"
