"""The forms of keys: marshmallow schemas of what is typed, and what can be chosen."""

from marshmallow import fields, validate

from app.access.domain import Scope
from app.console.pages.admin import AdminForm
from lib.fields import Line

MAX_NAME = 100  # characters
DOES = {
    Scope.EVENTS_WRITE: "sends events",
    Scope.EVENTS_READ: "reads customers' events",
    Scope.EVENTS_CORRECT: "reverses and amends events",
    Scope.USERS_WRITE: "changes the register",
    Scope.USERS_READ: "reads the register",
    Scope.ALERTS_READ: "reads alerts and their feed",
    Scope.CASES_READ: "reads cases",
    Scope.RULES_READ: "reads the rules",
    Scope.RULES_WRITE: "drafts and tests rules",
    Scope.RULES_PUBLISH: "publishes rules",
    Scope.WEBHOOKS_READ: "reads endpoints and deliveries",
    Scope.WEBHOOKS_WRITE: "changes endpoints",
    Scope.METRICS_READ: "reads metrics",
}
SCOPES = [(scope.value, scope.value, DOES.get(scope, "")) for scope in Scope]
LIFETIMES = (30, 90, 365)  # days
OVERLAPS = ((1, "1 hour"), (24, "1 day"), (168, "7 days"))  # hours
CHOOSE = "Choose one from the list."


class KeyForm(AdminForm):
    """A key to make."""

    name = Line(longest=MAX_NAME, required=True, error_messages={"required": "Enter a name."})
    scopes = fields.List(
        fields.Enum(Scope, by_value=True, error_messages={"unknown": "Choose scopes from the list."}),
        validate=validate.Length(1, error="Choose at least one scope."),
    )
    owner = Line(longest=MAX_NAME, load_default=None)
    days = fields.Integer(
        load_default=None, validate=validate.OneOf(LIFETIMES, error=CHOOSE), error_messages={"invalid": CHOOSE}
    )


class OwnerForm(AdminForm):
    """The owner of a key."""

    owner = Line(longest=MAX_NAME, required=True, error_messages={"required": "Enter a name."})


class RotateForm(AdminForm):
    """For how many hours the old key works."""

    hours = fields.Integer(
        required=True,
        validate=validate.OneOf([hours for hours, _ in OVERLAPS], error=CHOOSE),
        error_messages={"invalid": CHOOSE, "required": CHOOSE},
    )
