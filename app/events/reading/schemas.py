"""The shape of requests that read events back, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.events.reading.domain import PageQuery
from app.rules.event import EventType
from app.rules.limits import MAX_CODE
from lib.fields import FormerName, Moment, TwoPlaces, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page


class UserInPath(Schema):
    """Whose events; the router parses it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})


class EventsParameters(PageParameters):
    """Which of the player's events; by default the latest."""

    before = WholeNumberInDigits(
        least=0,
        metadata={"description": "only events with a lower `t`; the `next_before` of the previous page"},
    )
    code = WholeNumberInDigits(
        least=1,
        greatest=MAX_CODE,
        metadata={"description": "only events that were answered with this alert code"},
    )

    @post_load
    def to_page_query(self, parameters: Mapping[str, Any], **_: Any) -> PageQuery:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        return PageQuery(**parameters)


class StoredEventSchema(Schema):
    """An event as it was stored, with its decision."""

    type = fields.Enum(
        EventType,
        by_value=fields.String,
        required=True,
        attribute="decision.event.type",
        metadata={"description": "what the player did"},
    )
    amount = TwoPlaces(
        required=True, attribute="decision.event.amount", metadata={"description": "exact, with two places"}
    )
    user_id = fields.Integer(required=True, attribute="decision.event.user_id")
    t = fields.Integer(
        required=True,
        attribute="decision.event.t",
        metadata={"description": "the second at which the platform received the action"},
    )
    alert_codes = fields.List(
        fields.Integer(),
        required=True,
        attribute="decision.alert_codes",
        metadata={"description": "the codes that were answered, ascending"},
    )
    received_at = Moment(required=True, metadata={"description": "when this service received it, in UTC"})


class EventPageSchema(Schema):
    """A page of a player's events."""

    events = fields.List(fields.Nested(StoredEventSchema), required=True, metadata={"description": "the newest first"})
    next_before = next_page("before")


class TotalSchema(Schema):
    """The number and total of events of one type."""

    count = fields.Integer(required=True, metadata={"description": "how many events"})
    total = TwoPlaces(required=True, metadata={"description": "what their amounts add up to, exactly"})


class UserActivitySchema(Schema):
    """What a player has done so far."""

    user_id = fields.Integer(required=True)
    latest_t = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "the `t` of the latest event; null when there is none"},
    )
    alert_codes = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "the alert codes of the latest event, ascending; empty when there is none"},
    )
    deposits = fields.Nested(TotalSchema, required=True)
    withdrawals = fields.Nested(TotalSchema, required=True)
    withdraws = FormerName("withdrawals", {"allOf": [{"$ref": "#/components/schemas/Total"}]})
