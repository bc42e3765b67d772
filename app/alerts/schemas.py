"""The shape of what is asked about alerts, and of the answers."""

import re
from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.alerts.domain import MOST_MOMENTS, AlertsAsked, Place
from app.rules.limits import MAX_CODE
from lib.fields import BIGINT_MAX, ListOf, WholeNumber
from lib.query_parameters import PageParameters, TrueOrFalse, WholeNumberInDigits

WRITTEN_PLACE = re.compile(r"(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18}):([1-9][0-9]{0,9})")


class PlaceInList(fields.Field[Place]):
    """Where a page ends: `t`, `user_id` and `code` of its last alert."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own form
        "invalid": 'Must be the next_before of a page, such as "28:1:123".'
    }

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # marshmallow's own form
        super().__init__(**more)
        pattern = f"^{WRITTEN_PLACE.pattern.replace('(0|', '(?:0|')}$"
        self.metadata = {"type": "string", "pattern": pattern, **self.metadata}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Place:  # noqa: ANN401  # as above
        written = WRITTEN_PLACE.fullmatch(value)
        if written is None:
            raise self.make_error("invalid")
        place = Place(*map(int, written.groups()))
        if place.t > BIGINT_MAX or place.user_id > BIGINT_MAX or place.code > MAX_CODE:
            raise self.make_error("invalid")
        return place

    def _serialize(self, value: Place | None, *_: Any, **__: Any) -> str | None:  # noqa: ANN401  # as above
        return f"{value.t}:{value.user_id}:{value.code}" if value else None


def shadow_or_not() -> TrueOrFalse:
    """Return the parameter that asks for the alerts of the shadow."""
    told = "whether those of the edition in the shadow are meant, which were never answered"
    return TrueOrFalse(load_default=False, metadata={"description": told})


class AlertsParameters(PageParameters):
    """Which alerts; without any, the latest."""

    before = PlaceInList(
        metadata={"description": "only alerts after this place in the list; the `next_before` of the page before"}
    )
    since = WholeNumberInDigits(
        least=0, load_default=0, metadata={"description": "only alerts at events with this `t` or a greater one"}
    )
    code = WholeNumberInDigits(least=1, greatest=MAX_CODE, metadata={"description": "only alerts of this code"})
    user_id = WholeNumberInDigits(least=1, data_key="user", metadata={"description": "only alerts of this user"})
    edition = WholeNumberInDigits(
        least=1, greatest=MAX_CODE, metadata={"description": "only alerts that this edition of the rules raised"}
    )
    shadow = shadow_or_not()

    @post_load
    def to_alerts_asked(self, parameters: Mapping[str, Any], **_: Any) -> AlertsAsked:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return AlertsAsked(**parameters)


class AlertParameters(Schema):
    """Which of the two alerts that there may be."""

    shadow = shadow_or_not()


class AlertInPath(Schema):
    """Which alert; the router has read it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "whose", "example": 1})
    t = WholeNumber(least=0, required=True, metadata={"description": "at which event", "example": 28})
    code = WholeNumber(
        least=1, greatest=MAX_CODE, required=True, metadata={"description": "of which rule", "example": 123}
    )


class EvidenceSchema(Schema):
    """What proves an alert."""

    value = fields.String(required=True, metadata={"description": "what was compared"})
    limit = fields.String(required=True, metadata={"description": "with what"})
    count = fields.Integer(required=True, metadata={"description": "how many events made the value"})
    moments = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": f"the `t` of these events, the newest first, {MOST_MOMENTS} at most"},
    )
    sentence = fields.String(required=True, metadata={"description": "all of it in a sentence, for people"})


class AlertSchema(Schema):
    """A code that was raised at an event, and why."""

    user_id = fields.Integer(required=True)
    t = fields.Integer(required=True, metadata={"description": "of the event"})
    code = fields.Integer(required=True, metadata={"description": "of the rule that was met"})
    edition = fields.Integer(required=True, metadata={"description": "the edition of the rules that judged"})
    shadow = fields.Boolean(
        required=True, metadata={"description": "true: the edition judged in the shadow, and this was not answered"}
    )
    evidence = fields.Nested(EvidenceSchema, required=True)


class AlertPageSchema(Schema):
    """A page of the alerts."""

    alerts = ListOf(
        AlertSchema,
        required=True,
        metadata={"description": "the newest first: by `t`, `user_id`, `code`, each falling"},
    )
    next_before = PlaceInList(
        required=True,
        allow_none=True,
        metadata={"description": "ask for the next page with this as `before`; null exactly when there is none"},
    )
