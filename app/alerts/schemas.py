"""The shape of queries about alerts, and of the answers."""

import re
from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.alerts.domain import AlertQuery, Cursor
from app.rules.limits import INTEGER_MAX, MAX_CODE, MAX_MOMENTS
from app.rules.meaning import INDICATORS, Indicator, Strength
from lib.fields import BIGINT_MAX, FormerName, ListOf, Moment, WholeNumber
from lib.query_parameters import PageParameters, TrueOrFalse, WholeNumberInDigits

CURSOR_FORM = re.compile(r"(0|[1-9][0-9]{0,18})(?:\.([1-9][0-9]{0,9}))?:([1-9][0-9]{0,18}):([1-9][0-9]{0,9})")


N = "its place among the player's events at this `t`, from 0 on; 0 for an event without an `event_id`"
EVENT_ID = "the platform's own id of the event; null where it was sent without one"


class CursorField(fields.Field[Cursor]):
    """Where a page ends: its last alert, as `t:user_id:code`, or `t.n:user_id:code` where `n` is not 0."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own form
        "invalid": 'Must be the next_before of a page, such as "28:1:123".'
    }

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # marshmallow's own form
        super().__init__(**more)
        pattern = f"^{CURSOR_FORM.pattern.replace('(0|', '(?:0|')}$"
        self.metadata = {"type": "string", "pattern": pattern, **self.metadata}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Cursor:  # noqa: ANN401  # as above
        match = CURSOR_FORM.fullmatch(value)
        if match is None:
            raise self.make_error("invalid")
        t, n, user_id, code = map(int, match.groups("0"))
        cursor = Cursor(t, user_id, n, code)
        if max(t, user_id) > BIGINT_MAX or n > INTEGER_MAX or code > MAX_CODE:
            raise self.make_error("invalid")
        return cursor

    def _serialize(self, value: Cursor | None, *_: Any, **__: Any) -> str | None:  # noqa: ANN401  # as above
        if value is None:
            return None
        return f"{_moment(value)}:{value.user_id}:{value.code}"


def _moment(cursor: Cursor) -> str:
    return f"{cursor.t}.{cursor.n}" if cursor.n else str(cursor.t)


def shadow_field() -> TrueOrFalse:
    """Return the parameter that selects the alerts of the shadow."""
    description = "true: alerts of the edition in the shadow, which were never answered; false: of the live one"
    return TrueOrFalse(load_default=False, metadata={"description": description})


class AlertsParameters(PageParameters):
    """Which alerts; by default the latest."""

    before = CursorField(
        metadata={"description": "only alerts after this cursor in the list; the `next_before` of the previous page"}
    )
    since = WholeNumberInDigits(
        least=0, load_default=0, metadata={"description": "only alerts at events with this `t` or a later one"}
    )
    code = WholeNumberInDigits(least=1, greatest=MAX_CODE, metadata={"description": "only alerts of this code"})
    user_id = WholeNumberInDigits(least=1, data_key="user", metadata={"description": "only alerts of this player"})
    edition = WholeNumberInDigits(
        least=1, greatest=MAX_CODE, metadata={"description": "only alerts that this edition of the rules raised"}
    )
    shadow = shadow_field()
    fresh = TrueOrFalse(
        load_default=False, metadata={"description": "true: only fresh alerts; false: also the repeats of a code"}
    )

    @post_load
    def to_alert_query(self, parameters: Mapping[str, Any], **_: Any) -> AlertQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return AlertQuery(**parameters)


class AlertParameters(Schema):
    """Whether the live edition's alert or the shadow's, and of which event of that second."""

    n = WholeNumberInDigits(
        least=0, greatest=INTEGER_MAX, load_default=0, metadata={"description": "the `n` of the event"}
    )
    shadow = shadow_field()


class AlertInPath(Schema):
    """Which alert; the router parses it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})
    t = WholeNumber(least=0, required=True, metadata={"description": "the `t` of the event", "example": 28})
    code = WholeNumber(
        least=1, greatest=MAX_CODE, required=True, metadata={"description": "the code of the rule", "example": 123}
    )


class EventRefSchema(Schema):
    """An event of the player, by what names it."""

    t = fields.Integer(required=True, metadata={"description": "the second"})
    n = fields.Integer(required=True, metadata={"description": N})
    event_id = fields.String(required=True, allow_none=True, metadata={"description": EVENT_ID})


class EvidenceSchema(Schema):
    """What proves an alert."""

    value = fields.String(required=True, metadata={"description": "the value that was compared"})
    threshold = fields.String(required=True, metadata={"description": "the threshold that it was compared with"})
    limit = FormerName("threshold", {"type": "string"})
    count = fields.Integer(required=True, metadata={"description": "how many events contribute to the value"})
    moments = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": f"the `t` of these events, newest first, at most {MAX_MOMENTS}"},
    )
    events = fields.List(
        fields.Nested(EventRefSchema), required=True, metadata={"description": "the same events, as they are named"}
    )
    sentence = fields.String(required=True, metadata={"description": "the evidence as one sentence, for people"})


class AlertSchema(Schema):
    """A code that was raised at an event, and why."""

    user_id = fields.Integer(required=True)
    t = fields.Integer(required=True, metadata={"description": "the `t` of the event"})
    n = fields.Integer(required=True, metadata={"description": N})
    event_id = fields.String(required=True, allow_none=True, metadata={"description": EVENT_ID})
    code = fields.Integer(required=True, metadata={"description": "the code of the rule that was met"})
    edition = fields.Integer(required=True, metadata={"description": "the edition of the rules that raised it"})
    shadow = fields.Boolean(
        required=True, metadata={"description": "true: the edition was in the shadow, and the code was not answered"}
    )
    fresh = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "whether the player's event just before did not raise this code, as was known when this "
            "alert was found; null: a former version stored it"
        },
    )
    indicator = fields.Enum(
        Indicator,
        by_value=True,
        attribute="meaning.indicator",
        required=True,
        allow_none=True,
        metadata={"type": "string", "description": f"the rule's, in its edition: {INDICATORS}; null: none"},
    )
    strength = fields.Enum(
        Strength,
        by_value=True,
        attribute="meaning.strength",
        required=True,
        allow_none=True,
        metadata={
            "type": "string",
            "description": "the rule's: how much the alert says by itself; null: the edition cannot be read",
        },
    )
    guidance = fields.String(
        required=True,
        allow_none=True,
        attribute="meaning.guidance",
        metadata={"description": "the rule's: what to do; null: it says nothing"},
    )
    found_late_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "since when it is known, where the answer to the event lacked it; else null"},
    )
    retracted_at = Moment(
        required=True,
        allow_none=True,
        metadata={"description": "since when it no longer holds by what is known; null: it holds"},
    )
    evidence = fields.Nested(EvidenceSchema, required=True)


class AlertPageSchema(Schema):
    """A page of the alerts."""

    alerts = ListOf(
        AlertSchema,
        required=True,
        metadata={"description": "newest first: by `t`, `user_id`, `n`, `code`, each descending"},
    )
    next_before = CursorField(
        required=True,
        allow_none=True,
        metadata={"description": "the `before` of the next page; null exactly when there is none"},
    )
