"""The shape of requests that read events back, and of the answers."""

import re
from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.alerts.schemas import EVENT_ID, N
from app.events.reading import domain
from app.events.reading.domain import CorrectionsQuery, PageQuery
from app.events.revising.schemas import CorrectionSchema
from app.rules.event import EventType
from app.rules.limits import BIGINT_MAX, INTEGER_MAX, MAX_CODE
from app.rules.limits import EVENT_ID as EVENT_ID_FORM
from lib.fields import FormerName, ListOf, Moment, TwoPlaces, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

CURSOR_FORM = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,10}))?")
BELIEVED = "the codes that it raises by what is known now, ascending"


class UserInPath(Schema):
    """Whose events; the router parses it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})


class EventInPath(UserInPath):
    """Which event, by its second."""

    t = WholeNumber(least=0, required=True, metadata={"description": "the `t` of the event", "example": 10})


class EventWithIdInPath(UserInPath):
    """Which event, by the platform's own id."""

    event_id = fields.String(
        required=True,
        metadata={
            "description": "the `event_id` of the event",
            "pattern": f"^{EVENT_ID_FORM}$",
            "example": "tx-1a2b",
        },
    )


class EventParameters(Schema):
    """Which of the events of that second."""

    n = WholeNumberInDigits(
        least=0, greatest=INTEGER_MAX, load_default=0, metadata={"description": "the `n` of the event"}
    )


class MomentField(fields.Field[domain.Moment]):
    """A moment: its `t`, or `t.n` where `n` is not 0. Written as a number without `n`, as before events had one."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own form
        "invalid": 'Must be a `t` or the next_before of a page, such as 28 or "28.3".'
    }

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # as above
        super().__init__(**more)
        self.metadata = {"type": ["integer", "string"], "pattern": f"^{CURSOR_FORM.pattern}$", **self.metadata}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> domain.Moment:  # noqa: ANN401  # as above
        match = CURSOR_FORM.fullmatch(value)
        if match is None:
            raise self.make_error("invalid")
        moment = domain.Moment(*map(int, match.groups("0")))
        if moment.t > BIGINT_MAX or moment.n > INTEGER_MAX:
            raise self.make_error("invalid")
        return moment

    def _serialize(self, value: domain.Moment | None, *_: Any, **__: Any) -> int | str | None:  # noqa: ANN401  # as above
        if value is None or not value.n:
            return value and value.t
        return f"{value.t}.{value.n}"


class EventsParameters(PageParameters):
    """Which of the player's events; by default the latest."""

    before = MomentField(
        metadata={
            "description": "only events before this moment, a `t` or `t.n`; the `next_before` of the previous page",
        }
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
    n = fields.Integer(required=True, attribute="decision.event.n", metadata={"description": N})
    event_id = fields.String(
        required=True, allow_none=True, attribute="decision.event.event_id", metadata={"description": EVENT_ID}
    )
    alert_codes = fields.List(
        fields.Integer(),
        required=True,
        attribute="decision.alert_codes",
        metadata={"description": "the codes that were answered, ascending"},
    )
    believed_codes = fields.List(fields.Integer(), required=True, metadata={"description": BELIEVED})
    received_at = Moment(required=True, metadata={"description": "when this service received it, in UTC"})
    late = fields.Boolean(
        required=True,
        attribute="decision.late",
        metadata={"description": "true: it came after an event with a later `t`"},
    )
    amended = fields.Boolean(
        required=True, metadata={"description": "true: it was stored with another type or amount, and corrected"}
    )


class EventPageSchema(Schema):
    """A page of a player's events."""

    events = ListOf(StoredEventSchema, required=True, metadata={"description": "the newest first"})
    next_before = MomentField(
        required=True,
        allow_none=True,
        metadata={
            "type": ["integer", "string"],
            "description": "the `before` of the next page: a `t`, or `t.n` where several events share that second; "
            "null exactly when there is none",
        },
    )


class CorrectionsParameters(PageParameters):
    """Which of the player's corrections; by default the latest."""

    before = WholeNumberInDigits(
        least=1,
        metadata={"description": "only corrections with a number below it; the `next_before` of the previous page"},
    )

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> CorrectionsQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return CorrectionsQuery(**parameters)


class CorrectionPageSchema(Schema):
    """A page of a player's corrections."""

    corrections = ListOf(CorrectionSchema, required=True, metadata={"description": "the newest first"})
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
    latest_n = fields.Integer(required=True, allow_none=True, metadata={"description": "its `n`"})
    latest_event_id = fields.String(required=True, allow_none=True, metadata={"description": "its `event_id`"})
    alert_codes = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "the codes that it was answered with, ascending; empty when there is none"},
    )
    believed_codes = fields.List(fields.Integer(), required=True, metadata={"description": BELIEVED})
    deposits = fields.Nested(TotalSchema, required=True)
    withdrawals = fields.Nested(TotalSchema, required=True)
    withdraws = FormerName("withdrawals", {"allOf": [{"$ref": "#/components/schemas/Total"}]})
