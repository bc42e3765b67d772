"""What is judged, and how it is divided by time and by player: plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.rules.event import EventRef
from app.rules.limits import BIGINT_MAX

DAY = 24 * 60 * 60  # seconds
MAX_PERIODS = 1500  # in a report: four years of days
LONGER = {
    1: 7,
    7: 28,
    28: 364,
}  # the next longer period in days, a multiple of the one before; after these, ten times as long

# What `t` may be taken for a Unix time: from 2000 to 2100.
EARLIEST, LATEST = 946_684_800, 4_102_444_800
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BacktestRefused(Exception):
    """A backtest that cannot be run as it was asked for."""


@dataclass(frozen=True, slots=True, order=True)
class PlayerRange:
    """The players whose user ids are from `first` to `last`, both included."""

    first: int
    last: int


ALL_PLAYERS = (PlayerRange(1, BIGINT_MAX),)


def parse_players(written: str) -> tuple[PlayerRange, ...]:
    """Parse ids such as "7", "1-100" or "1-100,205" into ascending ranges without overlap; raises `BacktestRefused`."""
    read = sorted(_read_range(part.strip()) for part in written.split(","))
    merged: list[PlayerRange] = []
    for each in read:
        if merged and each.first <= merged[-1].last + 1:
            merged[-1] = PlayerRange(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return tuple(merged)


def _read_range(written: str) -> PlayerRange:
    first, dash, last = written.partition("-")
    ends = [first, last if dash else first]
    # ASCII digits only, and not so many that parsing them would take long.
    if all(end.isascii() and end.isdigit() and len(end) < 20 for end in ends):  # noqa: PLR2004  # as 2**63 has 19
        players = PlayerRange(*map(int, ends))
        if 1 <= players.first <= players.last <= BIGINT_MAX:
            return players
    raise BacktestRefused(f"{written!r} names no user ids: write 7, 1-100 or 1-100,205; ids begin at 1")


def format_players(players: Sequence[PlayerRange]) -> str:
    """Write ids as `parse_players` reads them."""
    if tuple(players) == ALL_PLAYERS:
        return "all"
    return ",".join(str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in players)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The events that are judged: of `players`, with `since` <= t < `until`. Rules see earlier ones as history."""

    since: int = 0
    until: int | None = None
    players: Sequence[PlayerRange] = ALL_PLAYERS

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.since:
            raise BacktestRefused(f"no t is at least {self.since} and below {self.until}")


@dataclass(frozen=True, slots=True)
class Span:
    """Players with neighbouring ids, whose events one process judges, and the number of these events."""

    players: PlayerRange
    events: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the time of a report is divided: into periods of `days` days, which are numbered from t = 0 on."""

    days: int = 1

    @classmethod
    def of(cls, days_seen: Iterable[int]) -> "Calendar":
        """Choose the shortest period, of a day, a week, four weeks …, with which there are at most `MAX_PERIODS`.

        Only days with events count, so that one `t` far from all others makes no difference.
        """
        days, seen = 1, set[int]()
        for day in days_seen:
            seen.add(day // days)
            while len(seen) > MAX_PERIODS:
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
        """Name a period: by dates (UTC) where `t` can be a Unix time, else by the numbers of its days."""
        first = period * self.days
        last = first + self.days - 1
        if self.begins(period) < EARLIEST or self.begins(period + 1) > LATEST:
            return f"day {first}" if first == last else f"days {first} to {last}"
        return _date(first) if first == last else f"{_date(first)} to {_date(last)}"


def format_time(t: int) -> str:
    """Write `t` as a time (UTC) where it can be a Unix time; else an empty string."""
    return f"{EPOCH + timedelta(seconds=t):%Y-%m-%d %H:%M:%S}" if EARLIEST <= t < LATEST else ""


def format_event(event: EventRef) -> str:
    """Name an event: by its `t`, and where it has an id by that and its place in its second."""
    if event.event_id is None and not event.n:
        return f"t {event.t}"
    return f"t {event.t}, n {event.n}" + (f", event_id {event.event_id}" if event.event_id else "")


def _date(day: int) -> str:
    return f"{EPOCH + timedelta(days=day):%Y-%m-%d}"
