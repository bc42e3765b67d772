"""The shape of requests and answers about users, to and from domain values."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.players.domain import NewUser, UsersAsked
from lib.fields import Email, Line, Moment, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits

LONGEST_NAME = 100
LONGEST_EMAIL = 254  # that one can send to (RFC 5321)


class NewUserSchema(Schema):
    """A user to be registered, as a client sends it; any other member is refused."""

    user_id = WholeNumber(
        least=1, metadata={"description": "the platform's own id; left out, the user gets the next free one"}
    )
    name = Line(
        longest=LONGEST_NAME, required=True, metadata={"description": "characters that can be printed, not blank"}
    )
    email = Email(
        longest=LONGEST_EMAIL, required=True, metadata={"description": "unique without regard to case, in ASCII"}
    )

    @post_load
    def to_new_user(self, members: Mapping[str, Any], **_: Any) -> NewUser:  # noqa: ANN401  # marshmallow's form
        """Make the domain's value."""
        return NewUser(**members)


class UsersParameters(PageParameters):
    """Which users; without any, the first."""

    after = WholeNumberInDigits(
        least=0,
        load_default=0,
        metadata={"description": "only users with an id above it; the `next_after` of the page before"},
    )

    @post_load
    def to_users_asked(self, parameters: Mapping[str, Any], **_: Any) -> UsersAsked:  # noqa: ANN401  # as above
        """Make the domain's value."""
        return UsersAsked(**parameters)


class UserSchema(Schema):
    """A user of the register."""

    user_id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True, metadata={"description": "as it was given"})
    created_at = Moment(required=True, metadata={"description": "when the user was registered, in UTC"})


class UsersPageSchema(Schema):
    """A page of the register."""

    users = fields.List(fields.Nested(UserSchema), required=True, metadata={"description": "ids ascending"})
    next_after = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "ask for the next page with this as `after`; null exactly when there is none"},
    )


class LocationSchema(Schema):
    """The header of an answer that tells of something new."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read what the user does", "example": "/users/5"}
    )
