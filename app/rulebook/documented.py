"""What the OpenAPI document says of a rule: the forms that read it, as apispec writes them, and what they cannot."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from app.events.domain import EventType
from app.rulebook.forms import KINDS

Form = dict[str, Any]

NAMES = {kind: kind.title().replace("_", "") for kind in KINDS}
# Only an event of its own type meets such a rule: not evaluated on it, it would never be met.
ON_ITS_TYPE_ONLY = {"threshold", "streak"}
EVALUATED_ON_ITS_TYPE: Form = {}
for each in EventType:
    EVALUATED_ON_ITS_TYPE = {
        "if": {"properties": {"type": {"const": each}}},
        "then": {"properties": {"evaluated_on": {"contains": {"const": each}}}},
        "else": EVALUATED_ON_ITS_TYPE,
    }


def _forms() -> Form:
    """Describe a rule, which is one of the forms, and each of these by its name."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin()])
    for kind, form in KINDS.items():
        more = EVALUATED_ON_ITS_TYPE if kind in ON_ITS_TYPE_ONLY else {}
        spec.components.schema(NAMES[kind], {"description": form.meaning, **more}, schema=form)
        spec.components.schemas[NAMES[kind]]["properties"]["kind"] = {"type": "string", "enum": [kind]}
    references = {kind: f"#/components/schemas/{name}" for kind, name in NAMES.items()}
    rule: Form = {
        "description": "A rule of one of four kinds.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }
    return {"Rule": rule, **spec.components.schemas}


RULES = _forms()
