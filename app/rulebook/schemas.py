"""The shape of requests and answers about the rule book, to and from domain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load

from app.rulebook.domain import PageQuery, Status, Step
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import MAX_RULES, format_rules
from app.rules.limits import MAX_EDITION
from app.rules.rule import Rule
from lib.fields import Line, Moment, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits

MAX_NOTE = 500
MAX_BOOK = 48 * 1024  # bytes of a body with a hundred rules of usual length


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """A new edition: its rules, or the number of the edition to copy them from; and the edition it is based on."""

    rules: tuple[Rule, ...] = ()
    source: int = 0
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
    """A new edition: rules, or the number of the edition to copy them from."""

    longest_body = MAX_BOOK

    rules = Rules()
    source = edition_field("the edition to copy the rules from", data_key="edition")
    based_on = edition_field(
        "the edition that this one was made from, so that no later publication is undone unseen; by default "
        "`edition`, and for `rules` the live one"
    )
    note = note_field()

    documented: ClassVar = {
        "if": {"required": ["rules"]},
        "then": {"not": {"required": ["edition"]}},
        "else": {"required": ["edition"]},
    }

    @post_load
    def to_new_draft(self, members: Mapping[str, Any], **_: Any) -> NewDraft:  # noqa: ANN401  # as above
        """Make the value; exactly one of `rules` and `source` must be given."""
        if ("rules" in members) == ("source" in members):
            raise ValidationError("Send either rules, or the edition to take them from.", "rules")
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


class EditionInPath(Schema):
    """Which edition; the router parses it, and answers 404 to anything else."""

    edition = WholeNumber(least=1, greatest=MAX_EDITION, required=True, metadata={"example": 1})


class EditionsInPath(EditionInPath):
    """Which two editions to compare."""

    other = WholeNumber(
        least=1,
        greatest=MAX_EDITION,
        required=True,
        metadata={
            "description": "the edition to compare it with: the differences lead from the first to this one",
            "example": 2,
        },
    )


class EditionLocationSchema(Schema):
    """The header of an answer with a new edition."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read the edition", "example": "/rules/2"}
    )


class ListParameters(PageParameters):
    """Which part of a list; by default the newest."""

    before = WholeNumberInDigits(
        least=1, metadata={"description": "only those with a lower number; the `next_before` of the previous page"}
    )

    @post_load
    def to_page_query(self, parameters: Mapping[str, Any], **_: Any) -> PageQuery:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return PageQuery(**parameters)


class EditionHeaderSchema(Schema):
    """The members of an edition other than its rules."""

    edition = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=fields.String, required=True)
    author = fields.String(required=True, metadata={"description": "who drafted it; for a key, its prefix and name"})
    note = fields.String(required=True)
    created_at = Moment(required=True)
    based_on = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the edition that it was made from; null: unknown"}
    )
    published_at = Moment(
        required=True, allow_none=True, metadata={"description": "when it was last published; null: never"}
    )
    published_by = fields.String(required=True, allow_none=True)


class OutlineSchema(EditionHeaderSchema):
    """An edition without its rules."""

    rule_count = fields.Integer(required=True)


class EditionSchema(EditionHeaderSchema):
    """An edition of the rule book."""

    rules = Rules(required=True, metadata={"description": "by code, in the form that a draft takes"})


def next_before() -> fields.Integer:
    """Return the field that every page of a list ends with."""
    description = "the `before` of the next page; null exactly when there is none"
    return fields.Integer(required=True, allow_none=True, metadata={"description": description})


class EditionPageSchema(Schema):
    """A page of the editions, and which are in force."""

    live = fields.Integer(
        required=True, allow_none=True, attribute="in_force.live", metadata={"description": "the live edition"}
    )
    shadow = fields.Integer(
        required=True,
        allow_none=True,
        attribute="in_force.shadow",
        metadata={"description": "the edition in its shadow, which is evaluated but not answered; null: none"},
    )
    editions = fields.List(fields.Nested(OutlineSchema), required=True, metadata={"description": "newest first"})
    next_before = next_before()


class DifferencesSchema(Schema):
    """What changed from one edition to another."""

    differences = fields.List(
        fields.String(), required=True, metadata={"description": "in words, by code; empty: nothing changed"}
    )


class AuditEntrySchema(Schema):
    """One step: who did what with which edition."""

    edition = fields.Integer(required=True)
    step = fields.Enum(Step, by_value=fields.String, required=True)
    who = fields.String(required=True, metadata={"description": "for a key, its prefix and name"})
    note = fields.String(required=True)
    based_on = fields.Integer(
        required=True, allow_none=True, metadata={"description": "for a draft: the edition that it was made from"}
    )
    over = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "for a publication: the live edition that it named as the one to replace"},
    )
    at_shell = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "for a command, the operating system's user and host; null: over HTTP"},
    )
    four_eyes = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "for a publication: true if it took two owners, false if four eyes were off; else null"
        },
    )
    at = Moment(required=True)


class AuditPageSchema(Schema):
    """A page of the audit, which is append-only."""

    steps = fields.List(fields.Nested(AuditEntrySchema), required=True, metadata={"description": "newest first"})
    next_before = next_before()
