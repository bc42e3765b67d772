"""What the OpenAPI document says of a rule: the forms of `app.rulebook.forms` once more, for readers and generators."""

from typing import Any

from app.events.domain import EventType
from app.events.rules import LONGEST_LISTED
from app.rulebook.forms import (
    COUNTS,
    GREATEST_CODE,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_WINDOW,
    MOST_LONG_WINDOWS,
)

Form = dict[str, Any]

TYPE: Form = {"type": "string", "enum": [kind.value for kind in EventType]}
OF_EVERY_RULE: Form = {
    "code": {"type": "integer", "minimum": 1, "maximum": GREATEST_CODE, "description": "what is answered; once a book"},
    "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
    "description": {"type": "string", "minLength": 1, "maxLength": LONGEST_DESCRIPTION},
    "type": {**TYPE, "description": "which events are looked at"},
    "evaluated_on": {
        "type": "array",
        "minItems": 1,
        "maxItems": len(EventType),
        "items": TYPE,
        "description": "at which events the rule is evaluated at all; left out: at every event",
    },
}
ABOVE: Form = {
    "type": ["string", "number"],
    "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$",
    "minimum": 0,
    "exclusiveMaximum": 10**12,
    "description": "the limit, which itself is not above; exact, with at most 2 digits after the point",
}
COUNT: Form = {"type": "integer", "minimum": COUNTS.min, "maximum": COUNTS.max}
SECONDS: Form = {
    "type": "integer",
    "minimum": 1,
    "maximum": LONGEST_WINDOW,
    "description": f"above {LONGEST_LISTED} an edition has at most {MOST_LONG_WINDOWS} different pairs of it and type",
}


# Only an event of its own type meets such a rule: not evaluated on it, it would never be met.
EVALUATED_ON_ITS_TYPE: Form = {
    "anyOf": [
        {"properties": {"type": {"const": kind}, "evaluated_on": {"contains": {"const": kind}}}}
        for kind in TYPE["enum"]
    ]
}


def _form(kind: str, meaning: str, more: Form | None = None, **parameters: Form) -> Form:
    properties = {"kind": {"const": kind}, **OF_EVERY_RULE, **parameters}
    return {
        "title": kind,
        "description": meaning,
        "type": "object",
        "required": [name for name in properties if name != "evaluated_on"],
        "properties": properties,
        "additionalProperties": False,
        **(more or {}),
    }


RULE: Form = {
    "description": "A rule of one of four kinds.",
    "oneOf": [
        _form("threshold", "this event is of the type and above a limit", EVALUATED_ON_ITS_TYPE, above=ABOVE),
        _form("streak", "this event and so many before it are all of the type", EVALUATED_ON_ITS_TYPE, count=COUNT),
        _form("rising_streak", "the last so many events of the type rise strictly, others ignored", count=COUNT),
        _form(
            "window_total",
            "the events of the type from `t` - `seconds` to `t` add up to above a limit",
            above=ABOVE,
            seconds=SECONDS,
        ),
    ],
}
