"""The shape of requests for steps of an edition, to domain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, validate

from app.rulebook.drafts import parse_draft
from app.rulebook.forms import MAX_RULES, format_rules
from app.rulebook.template_files import NAMES
from app.rules.limits import MAX_EDITION
from app.rules.rule import Rule
from lib.fields import Line, Switch, WholeNumber

MAX_NOTE = 500
MAX_BOOK = 48 * 1024  # bytes of a body with a hundred rules of usual length
NOT_ONE = "Send one of these: rules, the edition to take them from, or a template."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """A new edition: its rules, the edition to copy them from, or a template; and the edition it is based on.

    If `add` is true, the rules of the template are added to those of that edition.
    """

    rules: tuple[Rule, ...] = ()
    source: int = 0
    template: str = ""
    add: bool = False
    based_on: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Why an edition is published, and which live one it is to replace; None: the one that it is based on."""

    note: str = ""
    over: int | None = None


class Rules(fields.Field[tuple[Rule, ...]]):
    """The rules of an edition; `app.rulebook.forms` has their schemas, and refuses what cannot be saved."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # marshmallow's own form
        super().__init__(**more)
        form = {"type": "array", "minItems": 1, "maxItems": MAX_RULES, "items": {"$ref": "#/components/schemas/Rule"}}
        self.metadata = {**form, **self.metadata}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # as above
        return format_rules(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Rule, ...]:  # noqa: ANN401  # as above
        return parse_draft(value)


def note_field() -> Line:
    """Return a field for why a step is taken."""
    return Line(longest=MAX_NOTE, metadata={"description": "the reason, for readers of the audit"})


def edition_field(description: str, **more: Any) -> WholeNumber:  # noqa: ANN401  # marshmallow's own form
    """Return a field for the number of an edition."""
    return WholeNumber(least=1, greatest=MAX_EDITION, metadata={"description": description}, **more)


class DraftSchema(Schema):
    """A new edition: rules, the number of the edition to copy them from, or the name of a template."""

    longest_body = MAX_BOOK

    rules = Rules()
    source = edition_field("the edition to copy the rules from", data_key="edition")
    template = fields.String(
        validate=validate.OneOf(NAMES, error="Must be one of {choices}."),
        metadata={"description": "the template to take the rules from; `GET /rules/templates` lists them"},
    )
    add = Switch(
        metadata={
            "description": "true: add the rules of the template to those of `based_on`, by default the live edition; "
            "a code that is in both is a 400"
        }
    )
    based_on = edition_field(
        "the edition that this one was made from, so that no later publication is undone unseen; by default "
        "`edition`, and for `rules` and `template` the live one"
    )
    note = note_field()

    documented: ClassVar = {
        "if": {"required": ["rules"]},
        "then": {"not": {"anyOf": [{"required": ["edition"]}, {"required": ["template"]}]}},
        "else": {
            "if": {"required": ["edition"]},
            "then": {"not": {"required": ["template"]}},
            "else": {"required": ["template"]},
        },
        "dependentRequired": {"add": ["template"]},
    }

    @post_load
    def to_new_draft(self, members: Mapping[str, Any], **_: Any) -> NewDraft:  # noqa: ANN401  # as above
        """Make the value; exactly one of `rules`, `source` and `template` must be given."""
        if len(members.keys() & {"rules", "source", "template"}) != 1:
            raise ValidationError(NOT_ONE, "rules")
        if "add" in members and "template" not in members:
            raise ValidationError("Is for a template only.", "add")
        return NewDraft(**members)


class StepSchema(Schema):
    """Why a step is taken; the body is optional."""

    body_may_be_missing = True

    note = note_field()

    @post_load
    def to_note(self, members: Mapping[str, str], **_: Any) -> str:  # noqa: ANN401  # as above
        """Return the reason, which may be empty."""
        return members.get("note", "")


class PublicationSchema(Schema):
    """Why an edition is published, and which one it replaces; the body is optional."""

    body_may_be_missing = True

    note = note_field()
    over = edition_field(
        "the live edition to replace; if another one is live, that is a 409. Required if a draft is not based on the "
        "live edition"
    )

    @post_load
    def to_publication(self, members: Mapping[str, Any], **_: Any) -> Publication:  # noqa: ANN401  # as above
        """Make the value."""
        return Publication(**members)


class EditionLocationSchema(Schema):
    """The header of an answer with a new edition."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read the edition", "example": "/rules/2"}
    )
