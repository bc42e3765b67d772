"""The ways in which other systems write a time, each read as whole seconds since 1970."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from app.intake.domain import FieldFault
from app.rules.limits import BIGINT_MAX

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 24 * 60 * 60  # seconds
_whole = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch
_date = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_iso = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
).fullmatch


class TimeForm(StrEnum):
    """What a time of the file is."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    ISO = "iso"
    DATE = "date"


DIVISORS = {TimeForm.SECONDS: 1, TimeForm.MILLISECONDS: 1_000, TimeForm.MICROSECONDS: 1_000_000}


def whole(text: str, field: str, least: int) -> int:
    """Return a whole number of the database; raises `FieldFault`."""
    if _whole(text) and least <= (value := int(text)) <= BIGINT_MAX:
        return value
    raise FieldFault(field, f"Must be a whole number from {least} to {BIGINT_MAX}, without leading zeros.")


def time_reader(form: TimeForm, zone: tzinfo | None) -> Callable[[str], int]:
    """Return the function that reads a time of this form; it raises `FieldFault`. Parts of a second are cut off."""
    if form is TimeForm.ISO:
        return lambda text: _read_iso(text, zone)
    if form is TimeForm.DATE:
        return lru_cache(maxsize=4096)(lambda text: _read_date(text, zone or UTC))
    divisor = DIVISORS[form]
    return lambda text: _read_number(text, divisor)


def _read_number(text: str, divisor: int) -> int:
    try:
        return whole(text, "t", 0) // divisor
    except FieldFault as fault:
        if _date(text):
            raise FieldFault("t", "Is a date: --time date takes it as the beginning of that day.") from None
        if _iso(text):
            raise FieldFault("t", "Is an ISO 8601 time: read it with --time iso.") from None
        raise FieldFault("t", fault.reason) from None


def _read_iso(text: str, zone: tzinfo | None) -> int:
    found = _iso(text)
    if not found:
        if _date(text):
            raise FieldFault("t", "Has no time of day: --time date takes it as the beginning of that day.")
        raise FieldFault("t", 'Must be a time such as "2026-01-31T09:30:00Z".')
    try:
        moment = datetime.fromisoformat(text.replace(",", "."))
    except ValueError as error:
        raise FieldFault("t", f"Is no time: {error}.") from None
    if found["zone"]:
        return _seconds(moment)
    if zone is None:
        raise FieldFault("t", "Has no zone: say which one is meant, such as --zone UTC or --zone Europe/Berlin.")
    return _in_zone(moment, zone)


def _read_date(text: str, zone: tzinfo) -> int:
    if not _date(text):
        raise FieldFault("t", 'Must be a date such as "2026-01-31".')
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise FieldFault("t", f"Is no date: {error}.") from None
    return _seconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def _in_zone(moment: datetime, zone: tzinfo) -> int:
    """Return the moment of a wall clock; of an hour that it shows twice, the first one (A54)."""
    local = moment.replace(tzinfo=zone)
    if _in_utc(local).astimezone(zone).replace(tzinfo=None) != moment:
        raise FieldFault("t", f"Does not exist in {zone}: clocks were put forward then. Is the zone right?")
    return _seconds(local)


def _seconds(moment: datetime) -> int:
    since: timedelta = _in_utc(moment) - EPOCH
    seconds = since.days * DAY + since.seconds  # exact, and rounded down
    if seconds < 0:
        raise FieldFault("t", "Is before 1970.")
    return seconds


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        reason = "Is before 1970." if moment.year < EPOCH.year else "Is after the year 9999."
        raise FieldFault("t", reason) from None
