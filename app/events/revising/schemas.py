"""The shape of requests to correct an event, and of the answers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load

from app.events.revising.domain import MAX_REASON, Kind
from app.events.schemas import Money
from app.rules.event import EventType
from app.rules.limits import AMOUNT
from lib.fields import Line, Moment, TwoPlaces, WholeNumber, one_of


class EventToCorrect(Schema):
    """Which event; the router parses it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})
    t = WholeNumber(
        least=0, required=True, metadata={"description": "the `t` of an event without an `event_id`", "example": 10}
    )


class EventWithIdToCorrect(Schema):
    """Which event, by the platform's own id."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})
    event_id = fields.String(required=True, metadata={"description": "the `event_id`", "example": "tx-1a2b"})


class ReversalSchema(Schema):
    """Why an event is taken back."""

    reason = Line(longest=MAX_REASON, required=True, metadata={"description": "why, for readers of the record"})


class AmendmentSchema(ReversalSchema):
    """What the type or the amount of an event should be, or both."""

    type = fields.Enum(EventType, by_value=True, error_messages={"unknown": one_of(tuple(EventType))})
    amount = Money(metadata={"type": ["string", "number"], "pattern": f"^{AMOUNT}$", "exclusiveMinimum": 0})

    documented: ClassVar = {"minProperties": 2}  # the reason, and one of these

    @post_load
    def change_something(self, members: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: ANN401  # marshmallow's form
        """Refuse an amendment of nothing."""
        if "type" not in members and "amount" not in members:
            raise ValidationError("Send the amount or the type as it should be, or both.", "amount")
        return members


class TypeAndAmountSchema(Schema):
    """What an event says."""

    type = fields.Enum(EventType, by_value=fields.String, required=True)
    amount = TwoPlaces(required=True)


class ChangedCodesSchema(Schema):
    """An event whose codes changed with a correction."""

    t = fields.Integer(required=True, attribute="event.t")
    n = fields.Integer(required=True, attribute="event.n")
    event_id = fields.String(required=True, allow_none=True, attribute="event.event_id")
    codes_before = fields.List(fields.Integer(), required=True)
    codes_after = fields.List(fields.Integer(), required=True)


class CorrectionSchema(Schema):
    """A correction as it is recorded, and what followed from it."""

    correction = fields.Integer(
        required=True,
        attribute="correction.seq",
        metadata={"description": "its number among all that was received about the player"},
    )
    kind = fields.Enum(Kind, by_value=fields.String, required=True, attribute="correction.kind")
    user_id = fields.Integer(required=True, attribute="correction.user_id")
    t = fields.Integer(required=True, attribute="correction.t")
    n = fields.Integer(required=True, attribute="correction.n")
    event_id = fields.String(required=True, allow_none=True, attribute="correction.event_id")
    before = fields.Nested(TypeAndAmountSchema, required=True, attribute="correction.before")
    after = fields.Nested(
        TypeAndAmountSchema,
        required=True,
        allow_none=True,
        attribute="correction.after",
        metadata={"description": "null for a reversal"},
    )
    reason = fields.String(required=True, attribute="correction.reason")
    by = fields.String(
        required=True, attribute="correction.actor", metadata={"description": "for a key, its prefix and name"}
    )
    at = Moment(required=True, attribute="correction.at")
    at_shell = fields.String(
        required=True,
        allow_none=True,
        attribute="correction.at_shell",
        metadata={"description": "for a command, the operating system's user and host; null: over HTTP"},
    )
    revised = fields.List(
        fields.Nested(ChangedCodesSchema),
        required=True,
        metadata={"description": "the events whose codes are others now, this one included"},
    )


class CorrectionReplaySchema(Schema):
    """The header of a correction that was sent again."""

    replay = fields.String(
        data_key="Idempotent-Replay",
        metadata={"enum": ["true"], "description": "present if the same correction was made before"},
    )
