"""The form of a batch and of its answer, for the OpenAPI document; `answers` writes what they describe."""

from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import fields

from app.events.batch.domain import MAX_EVENTS
from app.events.schemas import CODES
from lib.json_batches import JSON, NDJSON

_EVENT = {"$ref": "#/components/schemas/Event"}
BODY: dict[str, Any] = {
    NDJSON: {
        "schema": {"type": "string", "description": "an `Event` as JSON in each line; blank lines are skipped"},
        "examples": {
            "lines": {
                "summary": "two events of a player",
                "value": '{"type": "deposit", "amount": "42.00", "user_id": 1, "t": 40}\n'
                '{"type": "withdraw", "amount": "150.00", "user_id": 1, "t": 50}\n',
            }
        },
    },
    JSON: {
        "schema": {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": MAX_EVENTS},
        "examples": {
            "array": {
                "summary": "an event, and one that is refused",
                "value": [
                    {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 60},
                    {"type": "deposit", "amount": "0", "user_id": 1, "t": 70},
                ],
            }
        },
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
    documented: ClassVar = {"properties": {"problem": {"$ref": "#/components/schemas/ValidationProblem"}}}


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


EXAMPLES: dict[str, dict[str, Any]] = {
    "decided": {
        "summary": "both were stored, the second meets a rule",
        "value": {
            "results": [
                {"index": 0, "status": 200, "alert": False, "alert_codes": [], "user_id": 1},
                {"index": 1, "status": 200, "alert": True, "alert_codes": [1100], "user_id": 1},
            ]
        },
    }
}
