"""Times as people read them: in their own zone, and as a distance from now."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"))


def local_time(at: datetime, zone: str) -> str:
    """Write a time of day in a zone: "28 Nov 2026, 11:00"."""
    local = _aware(at).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M}"


def utc_time(at: datetime) -> str:
    """Write a time of day to the second: "2026-11-28 10:00:00 UTC"."""
    return f"{_aware(at).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_time(at: datetime) -> str:
    """Write a time for programs: "2026-11-28T10:00:00Z"."""
    return f"{_aware(at).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def moment(t: int) -> datetime | None:
    """Return the time of an event whose `t` counts seconds since 1970; None beyond the year 9999."""
    try:
        return datetime.fromtimestamp(t, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def distance(at: datetime, now: datetime) -> str:
    """Say how far a time is from now, in its largest whole unit: "4 min ago", "in 2 d", "now" within half a minute."""
    apart = abs(_aware(at) - now)
    if apart < MINUTE / 2:
        return "now"
    text = length(max(apart, MINUTE))
    return f"{text} ago" if at < now else f"in {text}"


def length(span: timedelta) -> str:
    """Write a span in its largest whole unit: "2 d", "3 h", "4 min", "< 1 min"."""
    return next((f"{span // unit} {name}" for unit, name in UNITS if span >= unit), "< 1 min")


def _aware(at: datetime) -> datetime:
    """Raise `ValueError` for a time without a zone, which Python would take for the server's local time."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    return at
