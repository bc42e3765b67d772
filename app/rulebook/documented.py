"""The OpenAPI schemas of rules: what apispec derives from the forms, and what the forms cannot express."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from app.rulebook.forms import FORMS
from app.rules.event import MONEY_TYPES, EventType
from app.rules.kinds import KINDS
from app.rules.parameters import parameters_of
from app.rules.rule import Rule

Form = dict[str, Any]

NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _described(kind: type[Rule]) -> Form:
    """Describe what the fields of a kind do not: when it is met, and what it must be evaluated on to be met at all."""
    evaluated: Form = {}
    for each in EventType if kind.met_only_by else ():
        evaluated = {
            "if": {"properties": {kind.met_only_by: {"const": each}}},
            "then": {
                "properties": {"evaluated_on": {"contains": {"const": each}}},
                **({} if each in MONEY_TYPES else {"required": ["evaluated_on"]}),
            },
            "else": evaluated,
        }
    return {"description": kind.meaning, **evaluated, **_alternatives(kind)}


def _alternatives(kind: type[Rule]) -> Form:
    """Describe that one of two sets of parameters is given; with `if`, which generators of clients ignore."""
    if not kind.alternatives:
        return {}
    one, other = ([*names] for names in kind.alternatives)
    return {
        "if": {"required": one},
        "then": {"not": {"anyOf": [{"required": [name]} for name in other]}},
        "else": {"required": other},
    }


def _forms() -> Form:
    """Return the schemas by name: that of a rule, which is one of several forms, and that of each form."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin()])
    for name, kind in KINDS.items():
        spec.components.schema(kind.__name__, _described(kind), schema=FORMS[name])
        properties = spec.components.schemas[kind.__name__]["properties"]
        properties["kind"] = {"type": "string", "enum": [name]}
        for parameter, declared in parameters_of(kind).items():
            if declared.types:  # a field of an enum would document all of its values
                properties[parameter]["enum"] = [str(each) for each in declared.types]
    references = {name: f"#/components/schemas/{kind.__name__}" for name, kind in KINDS.items()}
    rule: Form = {
        "description": f"A rule of one of {NUMBER_WORDS[len(KINDS)]} kinds.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }
    return {"Rule": rule, **spec.components.schemas}


RULES = _forms()
