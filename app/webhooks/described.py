"""What endpoints are sent, for the section `webhooks` of the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from apispec import APISpec
from marshmallow import fields

from app.alerts.domain import Kind
from app.alerts.feed.examples import ENTRY
from app.alerts.feed.schemas import EntrySchema
from app.alerts.schemas import EVENT_ID, N
from app.webhooks.domain import OF_A_SHORT_ALERT, TOPIC_OF, Topic

Document = dict[str, Any]

OF_THE_EVENT = ("user_id", "t", "n", "event_id", "kind")
AT = "2026-11-28T07:00:00.250000Z"
HEADERS = {
    "webhook-id": "the id of the message, the same at each attempt: take each id once",
    "webhook-timestamp": "when this attempt was made, in Unix seconds: refuse what is more than five minutes off",
    "webhook-signature": "`v1,` and the HMAC-SHA256, in base64, over id, timestamp and body with dots between them; "
    "for a day after a rotation two of these, with a space in between",
}
ANSWERS = {
    "2XX": ("taken", "taken; any other answer is a failure, a redirect too, and the message comes again"),
    "410": ("not-wanted", "nothing more is wanted: the endpoint is disabled"),
    "429": ("later", "later, please; as 502, 503 and 504. Retry-After counts"),
}
SAID = {
    Topic.RAISED: "Codes were raised at an event: its answer has them.",
    Topic.FOUND_LATE: "Codes were found late at an event, because something earlier became known.",
    Topic.RETRACTED: "Codes of an event no longer hold, because something earlier became known.",
    Topic.PUBLISHED: "An edition of the rules became live.",
    Topic.CASE_OPENED: "A case was opened, or its closing was taken back.",
    Topic.CASE_CLOSED: "A case was closed.",
    Topic.ACTION_RECORDED: "An action was recorded, reviewed, or decided after a contest.",
    Topic.TEST: "Somebody tries the endpoint; nothing has happened.",
}


class AlertOfMessageSchema(EntrySchema):
    """A code of the event, as the feed has it."""

    class Meta:
        """What all codes of a message share stands once, beside the list."""

        fields = tuple(name for name in EntrySchema.Meta.fields if name not in OF_THE_EVENT)


class ShortAlertOfMessageSchema(EntrySchema):
    """A code of the event in a message that is too long even without evidence, when many are raised at once."""

    class Meta:
        """What tells which entry of the feed it is; that has the rest."""

        fields = OF_A_SHORT_ALERT


ALERTS: dict[str, type[Schema]] = {
    "AlertOfMessage": AlertOfMessageSchema,
    "ShortAlertOfMessage": ShortAlertOfMessageSchema,
}


class AlertsOfMessageSchema(Schema):
    """What became known at an event: those of its codes that the endpoint's filter lets pass."""

    user_id = fields.Integer(required=True)
    t = fields.Integer(required=True, metadata={"description": "the `t` of the event"})
    n = fields.Integer(required=True, metadata={"description": N})
    event_id = fields.String(required=True, allow_none=True, metadata={"description": EVENT_ID})
    kind = fields.Enum(Kind, by_value=fields.String, required=True)
    alerts = fields.Raw(
        required=True,
        metadata={
            "type": "array",
            "items": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ALERTS]},
            "description": "all in full, or, where `truncated`, perhaps all short",
        },
    )
    truncated = fields.Boolean(
        metadata={"description": "true: shortened, because a body has at most 20 kB; the feed has all of it"}
    )


class PublicationOfMessageSchema(Schema):
    """An edition of the rules that became live."""

    edition = fields.Integer(required=True)
    author = fields.String(required=True)
    published_by = fields.String(required=True)
    note = fields.String(required=True, metadata={"description": "the publisher's reason; may be empty"})
    based_on = fields.Integer(required=True, allow_none=True, metadata={"description": "the edition it was made from"})
    over = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the edition to replace that the publisher named"}
    )
    replaced = fields.Integer(required=True, allow_none=True, metadata={"description": "the edition that was live"})


class CaseOfMessageSchema(Schema):
    """A case that was opened or closed, as it was then."""

    case_id = fields.Integer(required=True)
    user_id = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"description": "new, in_review, monitoring or closed"})
    strength = fields.String(required=True, metadata={"description": "normal or strong"})
    priority = fields.Integer(required=True, metadata={"description": "0, the most urgent, to 3"})
    codes = fields.List(fields.Integer(), required=True, metadata={"description": "of its alerts"})
    alerts = fields.Integer(required=True, metadata={"description": "how many alerts it has"})
    outcome = fields.String(required=True, allow_none=True, metadata={"description": "null while it is open"})
    reopened_from = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the player's case before this one"}
    )
    by_hand = fields.Boolean(required=True, metadata={"description": "true: a person opened it, not an alert"})


class ActionOfMessageSchema(Schema):
    """An action about a player that was recorded, or what a person decided about it."""

    action_id = fields.Integer(required=True)
    external_id = fields.String(required=True, allow_none=True, metadata={"description": "the platform's own id"})
    user_id = fields.Integer(required=True)
    case_id = fields.Integer(required=True, allow_none=True)
    kind = fields.String(required=True, metadata={"description": "such as `deposit_limit`, as in `GET /actions`"})
    by = fields.String(required=True, metadata={"description": "staff, system or platform"})
    amount = fields.String(required=True, allow_none=True, metadata={"description": "of a deposit limit"})
    period = fields.String(required=True, allow_none=True, metadata={"description": "day, week or month"})
    action_until = fields.String(required=True, allow_none=True)
    step = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "null: it was recorded; else `reviewed` or `contest_decided`"},
    )
    review = fields.String(
        required=True, allow_none=True, metadata={"description": "what a person decided: upheld, changed or lifted"}
    )


class TestOfMessageSchema(Schema):
    """Which endpoint is tried."""

    __test__ = False  # it is no test, although its name begins like one

    endpoint_id = fields.Integer(required=True)
    name = fields.String(required=True, metadata={"description": "the name of the endpoint"})
    text = fields.String(required=True)


SCHEMAS: dict[str, type[Schema]] = {
    **ALERTS,
    "AlertsOfMessage": AlertsOfMessageSchema,
    "PublicationOfMessage": PublicationOfMessageSchema,
    "CaseOfMessage": CaseOfMessageSchema,
    "ActionOfMessage": ActionOfMessageSchema,
    "TestOfMessage": TestOfMessageSchema,
}
SCHEMA_OF = {
    Topic.PUBLISHED: "PublicationOfMessage",
    Topic.CASE_OPENED: "CaseOfMessage",
    Topic.CASE_CLOSED: "CaseOfMessage",
    Topic.ACTION_RECORDED: "ActionOfMessage",
    Topic.TEST: "TestOfMessage",
}
PUBLISHED = {
    "edition": 2,
    "author": "key:0123456789ab rules",
    "published_by": "key:ba9876543210 ben",
    "note": "large begins at 150",
    "based_on": 1,
    "over": None,
    "replaced": 1,
}
OPENED = {
    "case_id": 7,
    "user_id": 1,
    "status": "new",
    "strength": "normal",
    "priority": 3,
    "codes": [1100],
    "alerts": 1,
    "outcome": None,
    "reopened_from": None,
    "by_hand": False,
}
REVIEWED = {
    "action_id": 3,
    "external_id": "act-1",
    "user_id": 1,
    "case_id": 7,
    "kind": "deposit_block",
    "by": "platform",
    "amount": None,
    "period": None,
    "action_until": None,
    "step": "reviewed",
    "review": "lifted",
}
TESTED = {"endpoint_id": 1, "name": "case management", "text": "This is a test of the endpoint; nothing has happened."}
SAYING: Mapping[Topic, Document] = {
    Topic.PUBLISHED: PUBLISHED,
    Topic.CASE_OPENED: OPENED,
    Topic.CASE_CLOSED: {**OPENED, "status": "closed", "outcome": "no_concern"},
    Topic.ACTION_RECORDED: REVIEWED,
    Topic.TEST: TESTED,
}


def _example(topic: Topic) -> Document:
    """Return an example of what a message says."""
    if topic in SAYING:
        return SAYING[topic]
    kind = next(kind for kind, of_kind in TOPIC_OF.items() if of_kind is topic)
    event = {**{name: ENTRY[name] for name in OF_THE_EVENT}, "kind": kind.value}
    return {**event, "alerts": [{name: value for name, value in ENTRY.items() if name not in OF_THE_EVENT}]}


def _schema(topic: Topic) -> str:
    return SCHEMA_OF.get(topic, "AlertsOfMessage")


def add_schemas(spec: APISpec) -> None:
    """Register what messages say, their headers, and what may be answered, as components."""
    for name, schema in SCHEMAS.items():
        spec.components.schema(name, schema=schema)
    for name, text in ANSWERS.values():
        spec.components.response(name, {"description": text})
    for name, text in HEADERS.items():
        header = {"name": name, "required": True, "description": text, "schema": {"type": "string"}}
        spec.components.parameter(name, "header", header)


def webhooks_section() -> Mapping[str, Document]:
    """Return the section of the document: a message of each type, as a request to the receiver."""
    return {topic.value: {"post": _operation(topic)} for topic in Topic}


def _operation(topic: Topic) -> Document:
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": topic.value},
            "timestamp": {"type": "string", "format": "date-time", "description": "when it became known"},
            "data": {"$ref": f"#/components/schemas/{_schema(topic)}"},
        },
    }
    example = {"type": topic.value, "timestamp": AT, "data": _example(topic)}
    return {
        "tags": ["Webhooks"],
        "summary": SAID[topic],
        "operationId": f"on_{topic.value.replace('.', '_').replace('-', '_')}",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body, "examples": {"message": {"value": example}}}},
        },
        "responses": {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in ANSWERS.items()},
    }
