"""How a kind of rule declares its parameters: each is a field of its dataclass with one of these as metadata.

From this alone the rule book derives how to parse, check and write them, and their part of the OpenAPI document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum, auto

from app.rules.event import EventType
from app.rules.limits import MAX_COUNT, MAX_WINDOW


class Sort(Enum):
    """The type of a parameter, which decides how it is parsed, checked and written."""

    EVENT_TYPE = auto()
    AMOUNT = auto()  # exact, zero or more
    COUNT = auto()
    SECONDS = auto()
    PERIOD = auto()
    ZONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Which values a parameter takes, and what it means; `least` and `greatest` bound a whole number.

    `types` are the types of event that it may name; one that is not `required` is part of the kind's alternatives.
    """

    sort: Sort
    description: str = ""
    least: int = 0
    greatest: int = 0
    types: Sequence[EventType] = ()
    required: bool = True


Metadata = Mapping[str, Parameter]
_DECLARED = "parameter"


def event_type(
    description: str = "the type of the events that count", types: Sequence[EventType] = tuple(EventType)
) -> Metadata:
    """Declare a type of event, one of these."""
    return {_DECLARED: Parameter(sort=Sort.EVENT_TYPE, description=description, types=types)}


def amount(description: str) -> Metadata:
    """Declare an amount of money."""
    return {_DECLARED: Parameter(sort=Sort.AMOUNT, description=description)}


def event_count(description: str = "", *, least: int = 2, greatest: int = MAX_COUNT) -> Metadata:
    """Declare a number of events."""
    return {_DECLARED: Parameter(sort=Sort.COUNT, description=description, least=least, greatest=greatest)}


def duration(description: str = "") -> Metadata:
    """Declare the length of a window, one of the kind's alternatives."""
    sort = Sort.SECONDS
    declared = Parameter(sort=sort, description=description, least=1, greatest=MAX_WINDOW, required=False)
    return {_DECLARED: declared}


def period() -> Metadata:
    """Declare a period of the calendar."""
    described = "in place of `seconds`: the calendar day, week (from Monday) or month; needs `t` in Unix seconds"
    return {_DECLARED: Parameter(sort=Sort.PERIOD, description=described, required=False)}


def zone() -> Metadata:
    """Declare a time zone."""
    described = "with `period`: the IANA time zone of its midnights, such as Europe/Amsterdam"
    return {_DECLARED: Parameter(sort=Sort.ZONE, description=described, required=False)}


def parameters_of(kind: type) -> Mapping[str, Parameter]:
    """Return the parameters that a kind of rule declares, by name; those that can be left out come last."""
    declared = [(each.name, each.metadata[_DECLARED]) for each in fields(kind) if _DECLARED in each.metadata]
    return dict(sorted(declared, key=lambda named: not named[1].required))
