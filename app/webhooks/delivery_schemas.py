"""The shape of requests about deliveries, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, validates_schema

from app.webhooks.domain import DeliveryState, Topic
from app.webhooks.requests import DeliveriesQuery, ReplayQuery, TriedDelivery
from app.webhooks.schemas import Choice, codes_field
from lib.fields import Instant, ListOf, Moment, Switch, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page


class ReplaySchema(Schema):
    """What to deliver again: the dead deliveries, or what the feed numbered in a time."""

    since = Instant(metadata={"description": "what was numbered (of the dead ones: made) then or later"})
    until = Instant(metadata={"description": "only what was numbered (made) before; left out: until now"})
    codes = codes_field("only alerts of these codes")
    dead = Switch(load_default=False, metadata={"description": "true: the dead deliveries; without it, send `since`"})

    @validates_schema
    def check(self, members: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401  # as above
        """Refuse a replay of the whole feed, and one of no time at all."""
        since, until = members.get("since"), members.get("until")
        if since is None and not members.get("dead"):
            raise ValidationError("Say since when, or send dead: true.", "since")
        if since and until and until <= since:
            raise ValidationError("Must be later than since.", "until")

    @post_load
    def to_query(self, members: Mapping[str, Any], **_: Any) -> ReplayQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return ReplayQuery(**members)


class ReplayedSchema(Schema):
    """What a replay made."""

    due = fields.Integer(required=True, metadata={"description": "how many messages are due now"})


class DeliveriesParameters(PageParameters):
    """Which deliveries; by default the latest."""

    endpoint = WholeNumberInDigits(least=1, metadata={"description": "only those to this endpoint"})
    state = Choice(tuple(DeliveryState), metadata={"description": "only those in this state"})
    before = WholeNumberInDigits(
        least=1, metadata={"description": "only those with smaller ids; the `next_before` of the previous page"}
    )

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> DeliveriesQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        state = {"state": DeliveryState(parameters["state"])} if "state" in parameters else {}
        return DeliveriesQuery(**{**parameters, **state})


class AttemptSchema(Schema):
    """An attempt to deliver."""

    no = fields.Integer(required=True)
    at = Moment(required=True)
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "of the answer; null: there was none"}
    )
    error = fields.String(required=True, metadata={"description": "why it failed; empty if it did not"})
    seconds = fields.Float(required=True)


class DeliverySchema(Schema):
    """A message to an endpoint, and what has become of it."""

    id = fields.Integer(required=True)
    endpoint_id = fields.Integer(required=True)
    message_id = fields.String(required=True, metadata={"description": "the `webhook-id` of every attempt"})
    topic = fields.Enum(
        Topic, by_value=fields.String, required=True, metadata={"description": "the type of the message"}
    )
    user_id = fields.Integer(required=True, allow_none=True, metadata={"description": "the player; null: about none"})
    t = fields.Integer(required=True, allow_none=True, metadata={"description": "the `t` of the event"})
    n = fields.Integer(required=True, allow_none=True, metadata={"description": "the `n` of the event"})
    codes = fields.List(fields.Integer(), required=True, metadata={"description": "what the filter let pass"})
    state = fields.Enum(
        DeliveryState,
        by_value=fields.String,
        required=True,
        metadata={
            "description": "due; delivered; dead, after the last attempt; dropped, because the endpoint was deleted or "
            "nothing is stored any more of what it was about"
        },
    )
    attempts = fields.Integer(required=True, metadata={"description": "since it was made, retried or replayed"})
    next_at = Moment(required=True, metadata={"description": "when the next attempt is due, if it is due"})
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = fields.String(required=True)
    made_at = Moment(required=True)
    done_at = Moment(required=True, allow_none=True, metadata={"description": "since when it is not due any more"})
    tried = fields.List(
        fields.Nested(AttemptSchema), required=True, metadata={"description": "all attempts, oldest first"}
    )


class DeliveryPageSchema(Schema):
    """A page of the deliveries."""

    deliveries = ListOf(DeliverySchema, required=True, metadata={"description": "newest first, by `id`"})
    next_before = next_page("before")


class DeliveryInPath(Schema):
    """Which delivery; as above."""

    delivery_id = WholeNumber(least=1, required=True, metadata={"description": "the delivery", "example": 1})


def render_delivery(tried: TriedDelivery) -> Mapping[str, Any]:
    """Return what the schema of a delivery takes."""
    of_delivery = {name for name in DeliverySchema().fields if name != "tried"}
    return {**{name: getattr(tried.delivery, name) for name in of_delivery}, "tried": tried.attempts}
