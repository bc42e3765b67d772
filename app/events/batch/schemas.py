"""The form of a batch and of its answer, for the OpenAPI document; `answers` writes what they describe."""

from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import fields

from app.events.batch.domain import MAX_EVENTS
from app.events.domain import OutOfOrder
from app.events.problems import PROBLEMS
from app.events.schemas import CODES
from lib.json_batches import JSON, NDJSON
from lib.problem_details import members_of

_EVENT = {"$ref": "#/components/schemas/Event"}
# NDJSON is described in words: generators of clients know no such content, and would leave the operation out.
BODY: dict[str, Any] = {
    "description": f"a JSON array; or, as `{NDJSON}`, the same events one a line, where blank lines are skipped",
    "content": {
        JSON: {
            "schema": {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": MAX_EVENTS},
            "examples": {
                "two": {
                    "summary": "two events of a player",
                    "value": [
                        {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 40},
                        {"type": "withdraw", "amount": "150.00", "user_id": 1, "t": 50},
                    ],
                }
            },
        }
    },
}


class ResultSchema(Schema):
    """What became of one event: the members of its answer, or the problem that it would have got by itself."""

    index = fields.Integer(required=True, metadata={"description": "its place among the events sent, from 0 on"})
    status = fields.Integer(required=True, metadata={"enum": [200, 400, 404, 409]})
    alert = fields.Boolean()
    alert_codes = fields.List(fields.Integer(), metadata={"description": CODES})
    user_id = fields.Integer(metadata={"format": "int64"})
    replayed = fields.Boolean(metadata={"description": "true if the event was stored before; otherwise left out"})
    late = fields.Boolean(
        metadata={"description": "true if the event came after one of the player with a later `t`; otherwise left out"}
    )
    documented: ClassVar = {
        "properties": {
            "problem": {
                "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ValidationProblem", "Problem")]
            }
        }
    }


class ResultsSchema(Schema):
    """The answer to a batch."""

    results = fields.List(
        fields.Nested(ResultSchema), required=True, metadata={"description": "one for each event, in the order sent"}
    )


class RefusedSchema(Schema):
    """The header with the number of refused events."""

    refused = fields.Integer(
        data_key="Events-Refused", required=True, metadata={"description": "how many of the events were refused"}
    )


_REFUSED = members_of(
    PROBLEMS[OutOfOrder], OutOfOrder(user_id=1, t=9, latest=10), "/events", "6f1ac0e2b49d4f7f8a3b5c7d9e1f2a4b"
)
EXAMPLES: dict[str, dict[str, Any]] = {
    "mixed": {
        "summary": "the first was stored, the second is refused",
        "value": {
            "results": [
                {"index": 0, "status": 200, "alert": True, "alert_codes": [1100], "user_id": 1},
                {"index": 1, "status": 400, "problem": _REFUSED},
            ]
        },
    }
}
