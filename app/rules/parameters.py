"""How a kind of rule declares its parameters: each is a field of its dataclass with one of these as metadata.

From this alone the rule book derives how to parse, check and write them, and their part of the OpenAPI document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum, auto

from app.rules.limits import MAX_COUNT, MAX_WINDOW


class Sort(Enum):
    """The type of a parameter, which decides how it is parsed, checked and written."""

    EVENT_TYPE = auto()
    AMOUNT = auto()  # exact, zero or more
    COUNT = auto()
    SECONDS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Which values a parameter takes, and what it means; `least` and `greatest` bound a whole number."""

    sort: Sort
    description: str = ""
    least: int = 0
    greatest: int = 0


Metadata = Mapping[str, Parameter]
_DECLARED = "parameter"


def event_type(description: str = "the type of the events that count") -> Metadata:
    """Declare a type of event."""
    return {_DECLARED: Parameter(sort=Sort.EVENT_TYPE, description=description)}


def amount(description: str) -> Metadata:
    """Declare an amount of money."""
    return {_DECLARED: Parameter(sort=Sort.AMOUNT, description=description)}


def event_count(description: str = "", *, least: int = 2) -> Metadata:
    """Declare a number of events."""
    return {_DECLARED: Parameter(sort=Sort.COUNT, description=description, least=least, greatest=MAX_COUNT)}


def duration(description: str = "") -> Metadata:
    """Declare a length of time."""
    return {_DECLARED: Parameter(sort=Sort.SECONDS, description=description, least=1, greatest=MAX_WINDOW)}


def parameters_of(kind: type) -> Mapping[str, Parameter]:
    """Return the parameters that a kind of rule declares, by name, in order."""
    return {each.name: each.metadata[_DECLARED] for each in fields(kind) if _DECLARED in each.metadata}
