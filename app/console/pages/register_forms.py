"""The forms of the register: marshmallow schemas of what is typed."""

from typing import Any

from marshmallow import fields

from app.console.pages.admin import AdminForm
from app.players.schemas import GroupSet, email_field, name_field
from lib.query_parameters import WholeNumberInDigits

NAME, EMAIL = {"required": "Enter a name."}, {"required": "Enter an email address."}


class TypedGroups(GroupSet):
    """Groups in one line, separated by spaces or commas."""

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401  # marshmallow's arguments
        return super()._deserialize(str(value).replace(",", " ").split(), *more, **named)


class AddForm(AdminForm):
    """A player to register; without a number, the next free one is assigned."""

    user_id = WholeNumberInDigits(least=1)
    name = name_field(required=True, error_messages=NAME)
    email = email_field(required=True, error_messages=EMAIL)
    groups = TypedGroups(load_default=frozenset())


class ChangeForm(AdminForm):
    """What is to be true of a player, all of it; `version` is that of the player whom the form showed."""

    name = name_field(required=True, error_messages=NAME)
    email = email_field(required=True, error_messages=EMAIL)
    groups = TypedGroups(load_default=frozenset())
    version = fields.Integer(load_default=None)
