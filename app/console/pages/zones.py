"""The time zones that people choose from."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def zones() -> Sequence[str]:
    """Return the zones that are named after places, and UTC first."""
    return ["UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in AREAS)]


def zone_options(chosen: str) -> Sequence[tuple[str, str]]:
    """Return the zones for a list, with the chosen one even if it has another kind of name."""
    return [(name, name.replace("_", " ")) for name in ([] if chosen in zones() else [chosen]) + [*zones()]]
