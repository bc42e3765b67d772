"""The shape of requests about actions, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load, validate

from app.interactions.domain import MAX_TEXT, Action, Decided
from app.interactions.requests import ToldAction
from app.interactions.schemas import BehaviourSchema, Choice, Known, TakenSchema, external_id
from app.interactions.words import ActionKind, By, Period
from app.rules.event import parse_amount
from app.rules.limits import MAX_CODE
from lib.fields import Instant, ListOf, Moment, Prose, WholeNumber
from lib.query_parameters import next_page

MAX_CODES = 100


class Amount(fields.Field[Any]):
    """An exact amount above zero, as events have it."""

    default_error_messages = {"invalid": "Must be an amount above zero such as 100.00."}  # noqa: RUF012  # marshmallow's

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:  # noqa: ANN401  # as above
        try:
            amount = parse_amount(value)
        except ValueError:
            raise self.make_error("invalid") from None
        if not amount:
            raise self.make_error("invalid")
        return amount


class ToldActionSchema(Schema):
    """An action that a platform has decided about a player."""

    id = external_id(required=True, metadata={"description": "the platform's own: the same body again is a replay"})
    user_id = WholeNumber(least=1, required=True)
    kind = Choice(ActionKind, required=True)
    decided_at = Instant(required=True)
    reason = Prose(longest=MAX_TEXT, required=True)
    codes = fields.List(
        WholeNumber(least=1, greatest=MAX_CODE), load_default=list, validate=validate.Length(max=MAX_CODES)
    )
    amount = Amount(metadata={"type": "string", "description": "of a deposit limit"})
    period = Choice(Period, metadata={"description": "of a deposit limit"})
    action_until = Instant()
    review_due_at = Instant(metadata={"description": "by when a person reviews it; left out: within 24 hours"})

    @post_load
    def to_told(self, members: Mapping[str, Any], **_: Any) -> ToldAction:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        given = {name: value for name, value in members.items() if name not in {"id", "user_id"}}
        words = {"kind": ActionKind(members["kind"]), "codes": tuple(members["codes"]), "by": By.PLATFORM}
        period = {"period": Period(members["period"])} if "period" in members else {}
        decided = Decided(**{**given, **words, **period})
        return ToldAction(external_id=members["id"], user_id=members["user_id"], decided=decided)


class ActionSchema(Known):
    """An action about a player, with what has happened to it."""

    id = fields.Integer(required=True)
    external_id = fields.String()
    user_id = fields.Integer(required=True)
    case_id = fields.Integer()
    who = fields.String(required=True)
    recorded_at = Moment(required=True)
    kind = fields.Enum(ActionKind, by_value=fields.String, required=True)
    by = fields.Enum(By, by_value=fields.String, required=True)
    decided_at = Moment(required=True)
    reason = fields.String(required=True)
    codes = fields.List(fields.Integer())
    amount = fields.String()
    period = fields.Enum(Period, by_value=fields.String)
    action_until = Moment()
    review_due_at = Moment()
    awaits_review = fields.Boolean(required=True, metadata={"description": "true: a person has not reviewed it"})
    behaviour = fields.Nested(BehaviourSchema, required=True)
    steps = fields.List(fields.Nested(TakenSchema))


class ActionListSchema(Schema):
    """A page of actions."""

    actions = ListOf(ActionSchema, required=True)
    next_after = next_page("after")


def render_action(action: Action) -> Mapping[str, Any]:
    """Return what the schema of an action takes."""
    decided = action.decided
    names = ("id", "external_id", "user_id", "case_id", "who", "recorded_at", "awaits_review", "behaviour", "steps")
    of_decision = ("kind", "by", "decided_at", "reason", "codes", "period", "action_until", "review_due_at")
    return {
        **{name: getattr(action, name) for name in names},
        **{name: getattr(decided, name) for name in of_decision},
        "amount": None if decided.amount is None else f"{decided.amount:.2f}",
    }
