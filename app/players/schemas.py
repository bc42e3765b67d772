"""The form of requests and responses about players, to and from domain values."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apiflask import Schema
from marshmallow import ValidationError, fields, post_load, validate

from app.players.domain import ChangesQuery, NewPlayer, PageQuery, PlayerUpdate
from app.rules.limits import GROUP, INTEGER_MAX, MAX_GROUPS
from lib.fields import Email, Line, Moment, WholeNumber, Word
from lib.query_parameters import PageParameters, WholeNumberInDigits, next_page

MAX_NAME_LENGTH = 100
MAX_EMAIL_LENGTH = 254  # of an address that mail can be sent to (RFC 5321)
A_GROUP = "1 to 32 of a-z, 0-9, ., _ and -, the first a letter or a digit"


class GroupSet(fields.List[str]):
    """A set of groups, as a list; sorted when it is written."""

    def __init__(self, *, least: int = 0, **more: Any) -> None:  # noqa: ANN401  # marshmallow's arguments
        a_group = Word(pattern=GROUP, form=A_GROUP)
        super().__init__(a_group, validate=validate.Length(least, MAX_GROUPS), **more)

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401  # as above
        return frozenset(super()._deserialize(value, *more, **named))

    def _serialize(self, value: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401  # as above
        return super()._serialize(sorted(value or ()), *more, **named)


def name_field(**more: Any) -> Line:  # noqa: ANN401  # as above
    """Return a field for the name of a player."""
    return Line(longest=MAX_NAME_LENGTH, metadata={"description": "printable characters, not blank"}, **more)


def email_field(**more: Any) -> Email:  # noqa: ANN401  # as above
    """Return a field for the email of a player."""
    return Email(longest=MAX_EMAIL_LENGTH, metadata={"description": "unique, ignoring case; in ASCII"}, **more)


def groups_field(**more: Any) -> GroupSet:  # noqa: ANN401  # as above
    """Return a field for the groups of a player."""
    return GroupSet(metadata={"description": "the labels of the platform, which rules may name"}, **more)


class NewUserSchema(Schema):
    """A player to register, as a client sends it; any other member is refused."""

    user_id = WholeNumber(
        least=1, metadata={"description": "the platform's own id; if left out, the player gets the next free one"}
    )
    name = name_field(required=True)
    email = email_field(required=True)
    groups = groups_field()

    @post_load
    def to_new_player(self, members: Mapping[str, Any], **_: Any) -> NewPlayer:  # noqa: ANN401  # marshmallow's signature
        """Make the domain value."""
        return NewPlayer(**members)


class PlayerInPath(Schema):
    """Which player; the router parses it, and answers 404 to anything else."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the player", "example": 1})


class PlayerChangesSchema(Schema):
    """What is to be true of a registered player from now on; what is left out stays as it is."""

    name = name_field()
    email = email_field()
    groups = groups_field()
    version = WholeNumber(
        least=0,
        greatest=INTEGER_MAX,
        metadata={"description": "the version that the client has seen: if others have changed it, a 409"},
    )

    documented: ClassVar = {"minProperties": 1}

    @post_load
    def change_something(self, members: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: ANN401  # as above
        """Refuse a change of nothing."""
        if not members.keys() - {"version"}:
            raise ValidationError("Send the name, the email or the groups as they are to be.", "groups")
        return members


class PlayerUpdateSchema(Schema):
    """What is to be true of a player from now on: registers one with name and email, else changes what is sent."""

    user_id = WholeNumber(least=1, required=True, metadata={"description": "the platform's own id"})
    name = name_field()
    email = email_field()
    groups = groups_field()

    @post_load
    def to_update(self, members: Mapping[str, Any], **_: Any) -> PlayerUpdate:  # noqa: ANN401  # as above
        """Make the domain value."""
        return PlayerUpdate(**members)


class ChangesParameters(PageParameters):
    """Which page; without parameters, the newest changes."""

    before = WholeNumberInDigits(
        least=1,
        greatest=INTEGER_MAX,
        metadata={"description": "only changes with a lower version; the `next_before` of the previous page"},
    )

    @post_load
    def to_changes_query(self, parameters: Mapping[str, Any], **_: Any) -> ChangesQuery:  # noqa: ANN401  # as above
        """Make the domain value."""
        return ChangesQuery(**parameters)


class PlayersParameters(PageParameters):
    """Which page; without parameters, the first."""

    after = WholeNumberInDigits(
        least=0,
        load_default=0,
        metadata={"description": "only players with an id above it; the `next_after` of the previous page"},
    )
    search = Line(
        longest=MAX_EMAIL_LENGTH,
        metadata={"description": "only the player with this id, or players with this in the name or the email"},
    )
    group = Word(pattern=GROUP, form=A_GROUP, metadata={"description": "only players in this group"})

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
    groups = GroupSet(required=True, metadata={"description": "the labels of the platform, sorted"})
    version = fields.Integer(required=True, metadata={"description": "how often the player was changed"})


class UsersPageSchema(Schema):
    """A page of the register."""

    users = fields.List(fields.Nested(UserSchema), required=True, metadata={"description": "ids ascending"})
    next_after = next_page("after")


class LocationSchema(Schema):
    """The header of a response that created something."""

    location = fields.String(
        data_key="Location", metadata={"description": "where to read what the player does", "example": "/users/5"}
    )


class ProfileSchema(Schema):
    """What the platform says about a player."""

    name = fields.String(required=True)
    email = fields.String(required=True)
    groups = GroupSet(required=True)


class PlayerChangeSchema(Schema):
    """A change of a player."""

    version = fields.Integer(required=True, metadata={"description": "counts the changes of the player, from 1 on"})
    at = Moment(required=True, attribute="changed_at")
    by = fields.String(
        required=True,
        attribute="changed_by",
        metadata={"description": "for a key, its prefix and name; for a person, `staff:7 Ann Smith`"},
    )
    at_shell = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "for a command, the operating system's user and host; null: over HTTP"},
    )
    before = fields.Nested(ProfileSchema, required=True)
    after = fields.Nested(ProfileSchema, required=True)


class PlayerChangePageSchema(Schema):
    """A page of the changes of a player, which are only added to."""

    changes = fields.List(fields.Nested(PlayerChangeSchema), required=True, metadata={"description": "newest first"})
    next_before = next_page("before")


class PlayerResultSchema(Schema):
    """What became of one player of a batch, or the problem that the update has by itself."""

    index = fields.Integer(required=True, metadata={"description": "its place among the players sent, from 0 on"})
    status = fields.Integer(
        required=True,
        metadata={
            "enum": [200, 201, 400, 404, 409],
            "description": "201: registered; 200: as it was to be from now on",
        },
    )
    user_id = fields.Integer(metadata={"format": "int64"})
    version = fields.Integer(metadata={"description": "how often the player was changed by then"})
    documented: ClassVar = {
        "properties": {
            "problem": {
                "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ValidationProblem", "Problem")]
            }
        }
    }


class PlayerResultsSchema(Schema):
    """The answer to a batch of players."""

    results = fields.List(
        fields.Nested(PlayerResultSchema),
        required=True,
        metadata={"description": "one for each player, in the order sent"},
    )


class PlayersRefusedSchema(Schema):
    """The header with the number of refused players."""

    refused = fields.Integer(
        data_key="Users-Refused", required=True, metadata={"description": "how many of the players were refused"}
    )
