"""The shape of requests and answers about the policy of four eyes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.rulebook.policy.domain import PolicyStep
from app.rulebook.schemas import a_note
from lib.fields import Moment, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAsked:
    """Whether four eyes are to be on, and why."""

    on: bool
    note: str = ""


class PolicyAskedSchema(Schema):
    """Whether an edition is to take two owners of keys."""

    on = Switch(required=True, metadata={"description": "false: proposed by one owner, approved by another one"})
    note = a_note()

    @post_load
    def to_policy_asked(self, members: Mapping[str, Any], **_: Any) -> PolicyAsked:  # noqa: ANN401  # marshmallow's form
        """Make the value."""
        return PolicyAsked(**members)


class PolicyChangeSchema(Schema):
    """Something that was done with the policy."""

    step = fields.Enum(PolicyStep, by_value=fields.String, required=True)
    who = fields.String(required=True, metadata={"description": "of a key its prefix and name"})
    owner = fields.String(required=True, allow_none=True, metadata={"description": "of that key; null: none"})
    note = fields.String(required=True)
    at = Moment(required=True)
    at_shell = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the operating system's user and host where a command did it; null: over HTTP"},
    )


class PolicySchema(Schema):
    """Whether four eyes are on, and what was done with that."""

    on = fields.Boolean(required=True)
    proposal = fields.Nested(
        PolicyChangeSchema,
        required=True,
        allow_none=True,
        metadata={"description": "to turn them off, which another owner may approve within a day of it; null: none"},
    )
    changes = fields.List(
        fields.Nested(PolicyChangeSchema), required=True, metadata={"description": "the newest first, at most 200"}
    )
