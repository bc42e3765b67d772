"""The shape of queries about cases, and of the answers."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load, validate

from app.alerts.schemas import N
from app.cases.domain import Case, Outcome, Status, Step
from app.cases.requests import CaseListQuery, CasePage
from app.rules.meaning import INDICATORS, Indicator, Strength
from lib.fields import Moment, WholeNumber, one_of
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

STATES = tuple(status.value for status in Status)
OF_THE_CASE = (
    *("id", "user_id", "status", "strength", "priority", "codes", "alert_count", "first_t", "last_t", "sentence"),
    *("indicator", "opened_at", "last_alert_at", "due_at", "assignee", "first_seen_at", "first_action_at"),
    *("snoozed_until", "outcome", "closed_at", "closed_by", "reopened_from", "version"),
)


class CasesParameters(PageParameters):
    """Which cases; by default the newest of all."""

    before = WholeNumberInDigits(
        least=1, metadata={"description": "only cases with smaller ids; the `next_before` of the previous page"}
    )
    status = fields.String(
        validate=validate.OneOf(STATES, error=one_of(STATES)), metadata={"description": "only cases in this state"}
    )
    user_id = WholeNumberInDigits(least=1, data_key="user", metadata={"description": "only cases of this player"})

    @post_load
    def to_query(self, parameters: Mapping[str, Any], **_: Any) -> CaseListQuery:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        status = parameters.get("status")
        return CaseListQuery(**{**parameters, "status": Status(status) if status else None})


class CaseInPath(Schema):
    """Which case; the router parses it, and answers 404 to anything else."""

    case_id = WholeNumber(least=1, required=True, metadata={"description": "the case", "example": 1})


class CaseSchema(Schema):
    """A case: what people do about the alerts of a player. A player has one open case at most."""

    id = fields.Integer(required=True)
    user_id = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=fields.String, required=True)
    strength = fields.Enum(Strength, by_value=fields.String, required=True, metadata={"description": "its greatest"})
    priority = fields.Integer(required=True, metadata={"description": "0, the most urgent, to 3"})
    codes = fields.List(fields.Integer(), required=True, metadata={"description": "of its alerts"})
    alert_count = fields.Integer(required=True, metadata={"description": "how many alerts, retracted ones included"})
    first_t = fields.Integer(required=True, allow_none=True, metadata={"description": "the least `t` of its alerts"})
    last_t = fields.Integer(required=True, allow_none=True, metadata={"description": "the greatest"})
    sentence = fields.String(
        required=True, metadata={"description": "why: of the newest alert; of a case opened by hand, the reason"}
    )
    indicator = fields.Enum(
        Indicator,
        by_value=fields.String,
        required=True,
        allow_none=True,
        metadata={"description": f"what a person noticed who opened it: {INDICATORS}; null: an alert opened it"},
    )
    opened_at = Moment(required=True)
    last_alert_at = Moment(required=True, metadata={"description": "when its newest alert was numbered in the feed"})
    due_at = Moment(
        required=True,
        metadata={"description": "by when somebody should have dealt with it; monitored, when it comes back"},
    )
    assignee = fields.Integer(required=True, allow_none=True, metadata={"description": "the account that has it"})
    first_seen_at = Moment(required=True, allow_none=True)
    first_action_at = Moment(required=True, allow_none=True)
    snoozed_until = Moment(required=True, allow_none=True)
    outcome = fields.Enum(Outcome, by_value=fields.String, required=True, allow_none=True)
    closed_at = Moment(required=True, allow_none=True)
    closed_by = fields.Integer(required=True, allow_none=True, metadata={"description": "the account that closed it"})
    reopened_from = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the player's case before this one"}
    )
    version = fields.Integer(required=True, metadata={"description": "one more with each step that others must see"})


class CaseListSchema(Schema):
    """A page of cases."""

    cases = fields.List(fields.Nested(CaseSchema), required=True, metadata={"description": "by descending `id`"})
    next_before = next_page("before")


class CaseAlertSchema(Schema):
    """An alert of the case; `GET /alerts/{user_id}/{t}/{code}` has its evidence."""

    number = fields.Integer(required=True, metadata={"description": "its number in the feed"})
    t = fields.Integer(required=True)
    n = fields.Integer(required=True, metadata={"description": N})
    code = fields.Integer(required=True)
    edition = fields.Integer(required=True)
    at = Moment(required=True, metadata={"description": "when it was numbered"})
    muted = fields.Boolean(required=True, metadata={"description": "true: somebody had muted its code"})
    retracted_at = Moment(required=True, allow_none=True)
    sentence = fields.String(required=True)


class CaseEventSchema(Schema):
    """A step, and how the case was after it; none is ever changed."""

    seq = fields.Integer(required=True)
    step = fields.Enum(Step, by_value=fields.String, required=True)
    who = fields.String(required=True)
    at = Moment(required=True)
    note = fields.String(required=True, metadata={"description": "what somebody wrote; may be empty"})
    detail = fields.Dict(required=True, metadata={"description": "more about the step, such as codes of alerts"})
    status = fields.Enum(Status, by_value=fields.String, required=True)
    priority = fields.Integer(required=True)
    assignee = fields.Integer(required=True, allow_none=True)
    alert_count = fields.Integer(required=True)


class CaseWithJournalSchema(CaseSchema):
    """A case with its alerts and its journal."""

    alerts = fields.List(
        fields.Nested(CaseAlertSchema), required=True, metadata={"description": "newest first, at most 200"}
    )
    events = fields.List(
        fields.Nested(CaseEventSchema), required=True, metadata={"description": "its last 500 steps, oldest first"}
    )
    previous = fields.List(
        fields.Integer(), required=True, metadata={"description": "the player's other cases, newest first, at most 20"}
    )


def render_page(page: CasePage) -> Mapping[str, Any]:
    """Return what the schema of a case with its journal takes."""
    case: Case = page.case
    return {
        **{name: getattr(case, name) for name in OF_THE_CASE},
        "alerts": page.alerts,
        "events": page.events,
        "previous": [other.id for other in page.previous],
    }
