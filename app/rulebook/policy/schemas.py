"""The shape of requests and answers about the policy of four eyes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.rulebook.policy.domain import PolicyStep
from app.rulebook.schemas import note_field
from lib.fields import Moment, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAsked:
    """Whether four eyes should be on, and why."""

    on: bool
    note: str = ""


class PolicyAskedSchema(Schema):
    """Whether publishing should take two owners of keys."""

    on = Switch(required=True, metadata={"description": "false: one owner proposes it, another approves"})
    note = note_field()

    @post_load
    def to_policy_asked(self, members: Mapping[str, Any], **_: Any) -> PolicyAsked:  # noqa: ANN401  # marshmallow's form
        """Make the value."""
        return PolicyAsked(**members)


class PolicyChangeSchema(Schema):
    """A change of the policy, or the proposal of one."""

    step = fields.Enum(PolicyStep, by_value=fields.String, required=True)
    who = fields.String(required=True, metadata={"description": "for a key, its prefix and name"})
    owner = fields.String(required=True, allow_none=True, metadata={"description": "the owner of that key; null: none"})
    note = fields.String(required=True)
    at = Moment(required=True)
    at_shell = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "for a command, the operating system's user and host; null: over HTTP"},
    )


class PolicySchema(Schema):
    """Whether four eyes are on, and how that changed."""

    on = fields.Boolean(required=True)
    proposal = fields.Nested(
        PolicyChangeSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "the proposal to turn them off, which another owner may approve within a day; null: none"
        },
    )
    changes = fields.List(
        fields.Nested(PolicyChangeSchema), required=True, metadata={"description": "newest first, at most 200"}
    )
