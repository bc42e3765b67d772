"""The shape of requests and answers about the rule book, to and from domain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load

from app.rulebook.domain import PageAsked, Status, Step
from app.rulebook.drafts import read_draft
from app.rulebook.forms import MOST_RULES, written_rules
from app.rules.limits import MAX_EDITION
from app.rules.rule import Rule
from lib.fields import Line, Moment, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits

LONGEST_NOTE = 500
LONGEST_BOOK = 48 * 1024  # bytes of a body with a hundred rules of usual length


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """What a new edition is made of: rules, or those of another edition; and which edition it is based on."""

    rules: tuple[Rule, ...] = ()
    source: int = 0
    based_on: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Why an edition is published, and which live one it is to replace; None: whichever it is based on."""

    note: str = ""
    over: int | None = None


class Rules(fields.Field[tuple[Rule, ...]]):
    """The rules of an edition; `app.rulebook.forms` has their form, and refuses what cannot be saved."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # marshmallow's own form
        super().__init__(**more)
        form = {"type": "array", "minItems": 1, "maxItems": MOST_RULES, "items": {"$ref": "#/components/schemas/Rule"}}
        self.metadata = {**form, **self.metadata}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # as above
        return written_rules(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Rule, ...]:  # noqa: ANN401  # as above
        return read_draft(value)


def a_note() -> Line:
    """Return a field for why a step is taken."""
    return Line(longest=LONGEST_NOTE, metadata={"description": "why, for those who read the audit"})


def a_number(description: str, **more: Any) -> WholeNumber:  # noqa: ANN401  # marshmallow's own form
    """Return a field for the number of an edition."""
    return WholeNumber(least=1, greatest=MAX_EDITION, metadata={"description": description}, **more)


class DraftSchema(Schema):
    """A new edition: rules, or the number of the edition whose rules it takes."""

    longest_body = LONGEST_BOOK

    rules = Rules()
    source = a_number("the edition whose rules are taken", data_key="edition")
    based_on = a_number(
        "the edition that this one was made from, so that nobody's later publication is undone unseen; left out: "
        "`edition`, and for `rules` the live one"
    )
    note = a_note()

    documented: ClassVar = {
        "if": {"required": ["rules"]},
        "then": {"not": {"required": ["edition"]}},
        "else": {"required": ["edition"]},
    }

    @post_load
    def to_new_draft(self, members: Mapping[str, Any], **_: Any) -> NewDraft:  # noqa: ANN401  # as above
        """Make the value; exactly one of the two says what it is made of."""
        if ("rules" in members) == ("source" in members):
            raise ValidationError("Send either rules, or the edition to take them from.", "rules")
        return NewDraft(**members)


class StepSchema(Schema):
    """Why a step is taken; who has nothing to say may leave the body out."""

    body_may_be_missing = True

    note = a_note()

    @post_load
    def to_note(self, members: Mapping[str, str], **_: Any) -> str:  # noqa: ANN401  # as above
        """Return the reason, which may be empty."""
        return members.get("note", "")


class PublicationSchema(Schema):
    """Why an edition is published, and over which; the body may be left out."""

    body_may_be_missing = True

    note = a_note()
    over = a_number(
        "the live edition that is to be replaced; any other live one is a 409. Needed where that is not the one that "
        "a draft is based on"
    )

    @post_load
    def to_publication(self, members: Mapping[str, Any], **_: Any) -> Publication:  # noqa: ANN401  # as above
        """Make the value."""
        return Publication(**members)


class EditionInPath(Schema):
    """Which edition; the router has read it, and answers 404 to anything else."""

    edition = WholeNumber(least=1, greatest=MAX_EDITION, required=True, metadata={"example": 1})


class EditionsInPath(EditionInPath):
    """Which two editions are compared."""

    other = WholeNumber(
        least=1,
        greatest=MAX_EDITION,
        required=True,
        metadata={"description": "the one that the first is to become", "example": 2},
    )


class EditionLocationSchema(Schema):
    """The header of an answer that tells of a new edition."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read the edition", "example": "/rules/2"}
    )


class ListParameters(PageParameters):
    """Which part of a list; without any, the newest."""

    before = WholeNumberInDigits(
        least=1, metadata={"description": "only those below it; the `next_before` of the page before"}
    )

    @post_load
    def to_page_asked(self, parameters: Mapping[str, Any], **_: Any) -> PageAsked:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return PageAsked(**parameters)


class OfEveryEdition(Schema):
    """What is told of an edition wherever it is."""

    edition = fields.Integer(required=True)
    status = fields.Enum(Status, by_value=fields.String, required=True)
    author = fields.String(required=True, metadata={"description": "who drafted it; of a key its prefix and name"})
    note = fields.String(required=True)
    created_at = Moment(required=True)
    based_on = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the edition that it was made from; null: not known"}
    )
    published_at = Moment(required=True, allow_none=True, metadata={"description": "the last time; null: never"})
    published_by = fields.String(required=True, allow_none=True)


class OutlineSchema(OfEveryEdition):
    """An edition without its rules."""

    rule_count = fields.Integer(required=True)


class EditionSchema(OfEveryEdition):
    """An edition of the rule book."""

    rules = Rules(required=True, metadata={"description": "codes ascending; a draft can be made of them as they are"})


def next_before() -> fields.Integer:
    """Return the field that every page of a list ends with."""
    told = "ask for the next page with this as `before`; null exactly when there is none"
    return fields.Integer(required=True, allow_none=True, metadata={"description": told})


class EditionPageSchema(Schema):
    """A page of the editions, and which judge now."""

    live = fields.Integer(
        required=True, allow_none=True, attribute="in_force.live", metadata={"description": "the edition that judges"}
    )
    shadow = fields.Integer(
        required=True,
        allow_none=True,
        attribute="in_force.shadow",
        metadata={"description": "the edition that judges beside it, unanswered; null: none does"},
    )
    editions = fields.List(fields.Nested(OutlineSchema), required=True, metadata={"description": "the newest first"})
    next_before = next_before()


class DifferencesSchema(Schema):
    """What changed from one edition to another."""

    differences = fields.List(
        fields.String(), required=True, metadata={"description": "in words, by code ascending; empty: nothing changed"}
    )


class AuditEntrySchema(Schema):
    """A step that somebody took."""

    edition = fields.Integer(required=True)
    step = fields.Enum(Step, by_value=fields.String, required=True)
    who = fields.String(required=True, metadata={"description": "of a key its prefix and name"})
    note = fields.String(required=True)
    based_on = fields.Integer(
        required=True, allow_none=True, metadata={"description": "of a draft: the edition that it was made from"}
    )
    over = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "of a publication: the live edition that it named as the one to be replaced"},
    )
    at_shell = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the operating system's user and host where a command did it; null: over HTTP"},
    )
    four_eyes = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "of a publication: true where it took two owners, false where four eyes were off; else null"
        },
    )
    at = Moment(required=True)


class AuditPageSchema(Schema):
    """A page of the audit, which is only ever added to."""

    steps = fields.List(fields.Nested(AuditEntrySchema), required=True, metadata={"description": "the newest first"})
    next_before = next_before()
