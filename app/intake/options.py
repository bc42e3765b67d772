"""The options of an import, each checked before anything is read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from app.intake.forms import FIELDS, IGNORED, PLAIN_TYPES, FileForm
from app.intake.times import TimeForm

UTC_NAMES = {"UTC", "Z"}
IGNORE = "ignore"

Given = Sequence[str]


def _pairs(given: Given, names: Sequence[str], example: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of name=value; raises `click.BadParameter`."""
    for part in (part.strip() for each in given for part in each.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not value or name not in names:
            raise click.BadParameter(f"write {example}, with one of {', '.join(names)} before each =; not {part!r}")
        yield name, value


def parse_columns(_: click.Context, __: click.Parameter, given: Given) -> Mapping[str, str]:
    """Return the file's column of each field."""
    found: dict[str, str] = {}
    for name, column in _pairs(given, FIELDS, "user_id=player,t=created_at"):
        if name in found or column in found.values():
            raise click.BadParameter(f"{name}={column}: a field is one column, and a column one field")
        found[name] = column
    return found


def parse_types(_: click.Context, __: click.Parameter, given: Given) -> Mapping[str, str]:
    """Return our type for each word of the file; a type that is not named keeps its own word."""
    pairs = list(_pairs(given, (*PLAIN_TYPES, IGNORE), "deposit=DEPOSIT,withdraw=withdrawal"))
    named = {name for name, _ in pairs}
    kept = {word: name for word, name in PLAIN_TYPES.items() if name not in named}
    return {**kept, **{word: IGNORED if name == IGNORE else name for name, word in pairs}}


def parse_names(_: click.Context, __: click.Parameter, given: Given) -> frozenset[str]:
    """Return the names of columns."""
    return frozenset(name.strip() for each in given for name in each.split(","))


def parse_zone(_: click.Context, __: click.Parameter, name: str | None) -> tzinfo | None:
    """Return the zone."""
    if name is None:
        return None
    if name in UTC_NAMES:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(
            f"{name!r} is no zone that this machine knows; write one such as Europe/Berlin"
        ) from None


def form_of(given: Mapping[str, Any]) -> tuple[FileForm, dict[str, object]]:
    """Return the form of the file, and the options that make it, as values of JSON."""
    form = FileForm(
        columns=given["columns"],
        ignored=given["ignored"],
        types=given["types"],
        time=TimeForm(given["time"]),
        zone=given["zone"],
        cents=given["cents"],
        decimal_comma=given["decimal_comma"],
        currency=given["currency"],
    )
    if form.zone and form.time not in {TimeForm.ISO, TimeForm.DATE}:
        raise click.UsageError("--zone is for ISO 8601 times and dates: add --time iso or --time date")
    if form.cents and form.decimal_comma:
        raise click.UsageError("--cents are whole numbers, so --decimal-comma has no meaning: leave one out")
    plain = replace(form, ignored=frozenset(), zone=None)
    options = {
        "columns": dict(plain.columns),
        "ignored": sorted(form.ignored),
        "types": dict(plain.types),
        "time": plain.time.value,
        "zone": str(form.zone) if form.zone else None,
        "cents": plain.cents,
        "decimal_comma": plain.decimal_comma,
        "currency": plain.currency,
    }
    try:
        json.dumps(options, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise click.UsageError("the options must be UTF-8") from None
    return form, json.loads(json.dumps(options))


FORM_OPTIONS = (
    click.option(
        "--map", "columns", multiple=True, callback=parse_columns, metavar="FIELD=COLUMN,…",
        help="Which column is which field, where it has another name: user_id=player,t=created_at.",
    ),
    click.option(
        "--ignore", "ignored", multiple=True, callback=parse_names, metavar="COLUMN,…",
        help="Columns that say nothing of the event.",
    ),
    click.option(
        "--type", "types", multiple=True, callback=parse_types, metavar="TYPE=WORD,…",
        help="The file's words for deposit and withdraw: withdraw=withdrawal. ignore=bet leaves lines of a type out.",
    ),
    click.option(
        "--time", type=click.Choice([form.value for form in TimeForm]), default=TimeForm.SECONDS.value,
        show_default=True, help="Whether times are seconds, milli- or microseconds, ISO 8601, or dates.",
    ),
    click.option("--zone", callback=parse_zone, metavar="ZONE", help="The zone of times without one: Europe/Berlin."),
    click.option("--cents", is_flag=True, help="Amounts are whole numbers of cents."),
    click.option("--decimal-comma", is_flag=True, help="Amounts are written 42,00."),
    click.option("--currency", metavar="CODE", help="Refuse lines of another currency than this."),
)  # fmt: skip
