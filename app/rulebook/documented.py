"""What the OpenAPI document says of a rule: the forms that read it, as apispec writes them, and what they cannot."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from app.rulebook.forms import FORMS
from app.rules.event import EventType
from app.rules.kinds import KINDS
from app.rules.rule import Rule

Form = dict[str, Any]

IN_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _described(kind: type[Rule]) -> Form:
    """Say what the fields of a kind do not: when it is met, and what it must be evaluated on to be met at all."""
    evaluated: Form = {}
    for each in EventType if kind.met_only_by else ():
        evaluated = {
            "if": {"properties": {kind.met_only_by: {"const": each}}},
            "then": {"properties": {"evaluated_on": {"contains": {"const": each}}}},
            "else": evaluated,
        }
    return {"description": kind.meaning, **evaluated}


def _forms() -> Form:
    """Describe a rule, which is one of the forms, and each of these by its name."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin()])
    for name, kind in KINDS.items():
        spec.components.schema(kind.__name__, _described(kind), schema=FORMS[name])
        spec.components.schemas[kind.__name__]["properties"]["kind"] = {"type": "string", "enum": [name]}
    references = {name: f"#/components/schemas/{kind.__name__}" for name, kind in KINDS.items()}
    rule: Form = {
        "description": f"A rule of one of {IN_WORDS[len(KINDS)]} kinds.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }
    return {"Rule": rule, **spec.components.schemas}


RULES = _forms()
