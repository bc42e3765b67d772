"""The shape of requests and answers about events, to and from domain values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, cast

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, pre_load

from app.events.domain import Decision
from app.rules.event import TYPE_BY_NAME, ActivityEvent, EventType, parse_amount, parse_event_id
from app.rules.limits import AMOUNT, AMOUNT_BELOW, EVENT_ID
from lib.fields import BIGINT_MAX, WholeNumber, one_of, whole_number
from lib.json_requests import InvalidMembers

AMOUNT_ABOVE_ZERO = f"^(?=.*[1-9]){AMOUNT}$"


class Money(fields.Field[Decimal]):
    """An exact amount above zero in plain notation, as a string or as a JSON number read as it was written (A8)."""

    default_error_messages = {  # noqa: RUF012  # as above
        "invalid": 'Must be a plain decimal such as "42.00": 1 to 12 digits, then at most 2 after a point.',
        "not_positive": "Must be above zero.",
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:  # noqa: ANN401  # as above
        try:
            amount = parse_amount(value)
        except ValueError:
            raise self.make_error("invalid") from None
        if not amount:
            raise self.make_error("not_positive")
        return amount


class EventId(fields.Field[str]):
    """The platform's own id of an event (A49)."""

    default_error_messages = {  # noqa: RUF012  # as above
        "invalid": 'Must be 1 to 64 letters, digits, ".", "_", ":" or "-", of which the first is a letter or a digit.'
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:  # noqa: ANN401  # as above
        try:
            return parse_event_id(value)
        except ValueError:
            raise self.make_error("invalid") from None


class InvalidEvent(InvalidMembers):
    """The body is a JSON object but not a valid event."""


class EventSchema(Schema):
    """A deposit or withdrawal as a client sends it; unknown members are refused (A9)."""

    refusal = InvalidEvent

    type = fields.Enum(
        EventType,
        by_value=True,
        required=True,
        metadata={"type": "string", "description": "what the player did"},
        error_messages={"unknown": one_of(tuple(EventType))},
    )
    amount = Money(
        required=True,
        metadata={
            "type": ["string", "number"],
            "pattern": AMOUNT_ABOVE_ZERO,
            "exclusiveMinimum": 0,
            "exclusiveMaximum": AMOUNT_BELOW,
            "description": "exact; at most 2 digits after the point, in a JSON number as well, and no exponent",
        },
    )
    user_id = WholeNumber(least=1, required=True)
    t = WholeNumber(
        least=0,
        required=True,
        metadata={
            "description": "the second at which the platform received the action; rises with every event of a player. "
            "Required, unless it is sent as `time`"
        },
    )
    event_id = EventId(
        metadata={
            "type": "string",
            "pattern": f"^{EVENT_ID}$",
            "description": "the platform's own id of the event, unique among those of the player. Events with an id "
            "may share a second, in the order in which they come; one without has its second to itself",
        }
    )

    # What the fields cannot express. It uses `if` because client generators ignore that and make one model, while
    # `oneOf` would give them several.
    documented: ClassVar = {
        "properties": {
            "time": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "maximum": BIGINT_MAX,
                "description": "another name for `t`: send one of the two, not both",
            }
        },
        "required": ["type", "amount", "user_id"],
        "if": {"required": ["t"]},
        "then": {"not": {"required": ["time"]}},
        "else": {"required": ["time"]},
    }

    @pre_load
    def accept_time_as_t(self, members: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Accept `time` in place of `t` (A10), but not both at once."""
        if "time" not in members:
            return members
        if "t" in members:
            raise ValidationError("Is another name for t: send one of the two.", "time")
        return {("t" if name == "time" else name): value for name, value in members.items()}

    @post_load
    def to_event(self, members: Mapping[str, Any], **_: Any) -> ActivityEvent:  # noqa: ANN401
        """Make the domain's value."""
        return ActivityEvent(**members)


MEMBERS = {"type", "amount", "user_id", "t"}
MEMBERS_WITH_ID = {*MEMBERS, "event_id"}

_schema = EventSchema()


def parse_event(members: Mapping[str, Any]) -> ActivityEvent:
    """Return the event in the members of a JSON object; raises `InvalidEvent`, which says what is wrong with each.

    Nearly every event is valid and is parsed directly. Only the others go through marshmallow, field by field.
    """
    return parse_fast(members) or parse_by_fields(members)


def parse_by_fields(members: Mapping[str, Any]) -> ActivityEvent:
    """Do the same as `EventSchema` does it."""
    try:
        return cast("ActivityEvent", _schema.load(members))
    except ValidationError as error:
        raise InvalidEvent(error.normalized_messages()) from None  # type: ignore[no-untyped-call]  # marshmallow's gap


def parse_fast(members: Mapping[str, Any]) -> ActivityEvent | None:
    """Parse an event with the functions that the fields use; None for anything that they would refuse or rename."""
    if members.keys() != MEMBERS and members.keys() != MEMBERS_WITH_ID:
        return None
    try:
        amount = parse_amount(members["amount"])
        event = ActivityEvent(
            user_id=whole_number(members["user_id"], 1),
            t=whole_number(members["t"], 0),
            type=TYPE_BY_NAME[members["type"]],
            amount=amount,
            event_id=parse_event_id(members["event_id"]) if "event_id" in members else None,
        )
    except (KeyError, TypeError, ValueError):
        return None
    return event if amount else None


# What each code means is data: it follows from the live edition of the rule book.
CODES = "the codes of the rules that the player now meets, ascending; `GET /rules` says what each means"


class DecisionSchema(Schema):
    """The answer to an event."""

    alert = fields.Boolean(required=True, metadata={"description": "true exactly when `alert_codes` is not empty"})
    alert_codes = fields.List(fields.Integer(), required=True, metadata={"description": CODES})
    user_id = fields.Integer(required=True, attribute="event.user_id", metadata={"format": "int64"})


class ReplaySchema(Schema):
    """The headers of a replayed answer, and of one to a late event."""

    replay = fields.String(
        data_key="Idempotent-Replay",
        metadata={
            "enum": ["true"],
            "description": "present if this event was stored before; the answer is then its first one",
        },
    )
    late = fields.String(
        data_key="Late-Event",
        metadata={
            "enum": ["true"],
            "description": "present if the event came after one of the player with a later `t`, and was kept",
        },
    )


def render_decision(decision: Decision) -> str:
    """Return the answer as `DecisionSchema` would write it, which would be a tenth of an event's whole cost."""
    codes = ",".join(map(str, decision.alert_codes))
    alert = "true" if decision.alert else "false"
    return f'{{"alert":{alert},"alert_codes":[{codes}],"user_id":{decision.event.user_id}}}\n'
