"""The form of requests and responses about players, to and from domain values."""

from collections.abc import Mapping
from typing import Any

from apiflask import Schema
from marshmallow import fields, post_load

from app.players.domain import NewPlayer, PageQuery
from lib.fields import Email, Line, Moment, WholeNumber
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

MAX_NAME_LENGTH = 100
MAX_EMAIL_LENGTH = 254  # of an address that mail can be sent to (RFC 5321)


class NewUserSchema(Schema):
    """A player to register, as a client sends it; any other member is refused."""

    user_id = WholeNumber(
        least=1, metadata={"description": "the platform's own id; if left out, the player gets the next free one"}
    )
    name = Line(longest=MAX_NAME_LENGTH, required=True, metadata={"description": "printable characters, not blank"})
    email = Email(longest=MAX_EMAIL_LENGTH, required=True, metadata={"description": "unique, ignoring case; in ASCII"})

    @post_load
    def to_new_player(self, members: Mapping[str, Any], **_: Any) -> NewPlayer:  # noqa: ANN401  # marshmallow's signature
        """Make the domain value."""
        return NewPlayer(**members)


class PlayersParameters(PageParameters):
    """Which page; without parameters, the first."""

    after = WholeNumberInDigits(
        least=0,
        load_default=0,
        metadata={"description": "only players with an id above it; the `next_after` of the previous page"},
    )

    @post_load
    def to_page_query(self, parameters: Mapping[str, Any], **_: Any) -> PageQuery:  # noqa: ANN401  # as above
        """Make the domain value."""
        return PageQuery(**parameters)


class UserSchema(Schema):
    """A registered player."""

    user_id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True, metadata={"description": "as it was given"})
    created_at = Moment(required=True, metadata={"description": "when the player was registered, in UTC"})


class UsersPageSchema(Schema):
    """A page of the register."""

    users = fields.List(fields.Nested(UserSchema), required=True, metadata={"description": "ids ascending"})
    next_after = next_page("after")


class LocationSchema(Schema):
    """The header of a response that created something."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read what the player does", "example": "/users/5"}
    )
