"""The forms about editions: why a step is taken, and with which number it is confirmed."""

from collections.abc import Mapping

from marshmallow import EXCLUDE, Schema, fields, validate, validates_schema
from marshmallow import ValidationError as Invalid

from app.rulebook.schemas import MAX_NOTE
from app.rules.limits import MAX_EDITION

TOO_LONG = f"Use at most {MAX_NOTE} characters."


class StepForm(Schema):
    """Why a step is taken."""

    class Meta:
        """Tokens and other fields of the page are not the form's."""

        unknown = EXCLUDE

    note = fields.String(load_default="", validate=validate.Length(max=MAX_NOTE, error=TOO_LONG))

    @validates_schema
    def refuse_unprintable(self, given: Mapping[str, str], **_: object) -> None:
        """Refuse what the audit could not show in one line."""
        if not on_one_line(given.get("note", "")).isprintable():
            raise Invalid("Use characters that can be printed.", "note")


class PublicationForm(StepForm):
    """Why an edition is published, its number as it was typed, and the live edition that the page showed."""

    number = fields.Integer(
        required=True, error_messages={"required": "Type the number.", "invalid": "Type the number, in digits."}
    )
    over = fields.Integer(load_default=None, validate=validate.Range(1, MAX_EDITION))

    def __init__(self, edition: int) -> None:
        super().__init__()
        self._edition = edition

    @validates_schema
    def refuse_another_number(self, given: Mapping[str, int], **_: object) -> None:
        """Refuse any number but that of the edition."""
        if given.get("number") != self._edition:
            raise Invalid(f"Type {self._edition}, the number of the edition that you publish.", "number")


def on_one_line(text: str) -> str:
    """Return a text without line breaks, which the audit shows in one line."""
    return " ".join(text.split("\n")).strip()


def note_of(typed: Mapping[str, str]) -> str:
    """Return the note of a step that asks for nothing else; raises `marshmallow.ValidationError`."""
    return on_one_line(StepForm().load({"note": typed.get("note", "")})["note"])
