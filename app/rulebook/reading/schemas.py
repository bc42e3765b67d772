"""The shape of requests that read the rule book, and of the answers, from domain values."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.rulebook.domain import PageQuery, Status, Step
from app.rulebook.schemas import Rules
from app.rules.limits import MAX_EDITION
from lib.fields import Moment, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page


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
    time_zones = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the version of the time zones that it was drafted with; null: its rules need none"},
    )


class OutlineSchema(EditionHeaderSchema):
    """An edition without its rules."""

    rule_count = fields.Integer(required=True)


class EditionSchema(EditionHeaderSchema):
    """An edition of the rule book."""

    rules = Rules(required=True, metadata={"description": "by code, in the form that a draft takes"})


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
    next_before = next_page("before")


class SourceSchema(Schema):
    """A law or a code of practice."""

    title = fields.String(required=True)
    paragraph = fields.String(required=True, metadata={"description": "where it stands, and what was checked"})
    date = fields.String(required=True, metadata={"description": "of publication, or since when it is in force"})
    url = fields.String(required=True, metadata={"description": "empty: there is none"})


class TemplateRuleSchema(Schema):
    """A rule of a template."""

    code = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)


class TemplateSchema(Schema):
    """A ready edition with its sources."""

    name = fields.String(required=True, metadata={"description": "the `template` of a draft"})
    title = fields.String(required=True)
    about = fields.String(required=True, metadata={"description": "what it watches, and what to check first"})
    needs = fields.List(
        fields.String(), required=True, metadata={"description": "what it needs of settings and of the platform"}
    )
    sources = fields.List(fields.Nested(SourceSchema), required=True)
    rules = fields.List(fields.Nested(TemplateRuleSchema), required=True)


class TemplatesSchema(Schema):
    """All templates."""

    templates = fields.List(fields.Nested(TemplateSchema), required=True)


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
    next_before = next_page("before")
