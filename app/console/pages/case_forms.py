"""The forms of cases: marshmallow schemas of what is typed."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from app.cases.domain import MAX_NOTE, MAX_REASON, Outcome
from app.rules.meaning import Indicator, Strength

BIGGEST = 2**63 - 1
CHOOSE = "Choose one from the list."
SNOOZE_DAYS, WAIT_DAYS, MUTE_DAYS = (1, 3, 7, 14, 30), (7, 14, 28, 60), (7, 30, 90)


class CaseForm(Schema):
    """A form about a case: `version` is that of the case it showed."""

    class Meta:
        """Tokens and other fields of the page are not the form's."""

        unknown = EXCLUDE

    version = fields.Integer(load_default=None)


def text(longest: int, **named: Any) -> fields.String:  # noqa: ANN401  # marshmallow's own
    """Return a field of text that people type."""
    message = f"Use at most {longest:,} characters."
    return fields.String(validate=validate.Length(max=longest, error=message), **named)


def chosen(values: Any, **named: Any) -> fields.Integer:  # noqa: ANN401  # as above
    """Return a field with one of several numbers."""
    messages: dict[str, Any] = {"invalid": CHOOSE, "required": CHOOSE}
    one = validate.OneOf(values, error=CHOOSE)
    return fields.Integer(required=True, validate=one, error_messages=messages, **named)


class SnoozeForm(CaseForm):
    """For how many days, and why."""

    days = chosen(SNOOZE_DAYS)
    reason = text(MAX_REASON, load_default="")


class WaitForm(CaseForm):
    """After how many days the effect is evaluated."""

    days = chosen(WAIT_DAYS)
    note = text(MAX_REASON, load_default="")


class CloseForm(CaseForm):
    """What came out; `alerts` is the number of alerts that the form showed."""

    outcome = fields.Enum(
        Outcome, by_value=True, required=True, error_messages={"unknown": CHOOSE, "required": "Choose an outcome."}
    )
    reason = text(MAX_REASON, load_default="")
    alerts = fields.Integer(load_default=None)
    why_no_interaction = text(MAX_REASON, load_default="")


class NoteForm(CaseForm):
    """A note."""

    note = text(MAX_NOTE, load_default="")


class MuteForm(CaseForm):
    """Which code, for how many days, and why."""

    code = fields.Integer(required=True, error_messages={"invalid": CHOOSE, "required": CHOOSE})
    days = chosen(MUTE_DAYS)
    reason = text(MAX_REASON, load_default="")


class UnmuteForm(CaseForm):
    """Which code."""

    code = fields.Integer(required=True, error_messages={"invalid": CHOOSE})


class AssignForm(CaseForm):
    """To whom."""

    to = fields.Integer(required=True, error_messages={"invalid": CHOOSE, "required": "Choose a person."})


class OpenForm(CaseForm):
    """A case to open by hand."""

    user_id = fields.Integer(
        required=True,
        validate=validate.Range(1, BIGGEST, error="Enter the customer's number."),
        error_messages={"invalid": "Enter the customer's number.", "required": "Enter the customer's number."},
    )
    indicator = fields.Enum(
        Indicator, by_value=True, required=True, error_messages={"unknown": CHOOSE, "required": CHOOSE}
    )
    strength = fields.Enum(Strength, by_value=True, load_default=Strength.NORMAL, error_messages={"unknown": CHOOSE})
    reason = text(MAX_REASON, load_default="")
