"""The routes of the register: input and output, no decisions."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.players import controllers
from app.players.domain import (
    Actor,
    ChangesQuery,
    DuplicateUser,
    NewPlayer,
    NoFreeUserId,
    NotRegistered,
    PageQuery,
    PlayerMoved,
    PlayerUpdate,
    RegisteredPlayer,
)
from app.players.problems import PROBLEMS
from app.players.schemas import (
    A_GROUP,
    ChangesParameters,
    LocationSchema,
    NewUserSchema,
    PlayerChangePageSchema,
    PlayerChangesSchema,
    PlayerInPath,
    PlayersParameters,
    UserSchema,
    UsersPageSchema,
)
from app.players.services import PlayerServices
from lib import services
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path

TAG = {"name": "Register", "description": "The players whom the platform has registered."}
register = APIBlueprint("register", __name__, tag=TAG)

NEW = {"name": "Ada Sample", "email": "ada.1@example.com"}
REGISTERED = {"user_id": 1, **NEW, "created_at": "2026-11-22T09:30:00.250000Z", "groups": [], "version": 0}
CHANGED = {**REGISTERED, "groups": ["18-24", "vip"], "version": 1}
CHANGES = {
    "changes": [
        {
            "version": 1,
            "at": "2026-11-23T10:15:00.500000Z",
            "by": "anonymous",
            "at_shell": None,
            "before": {**NEW, "groups": []},
            "after": {**NEW, "groups": ["18-24", "vip"]},
        }
    ],
    "next_before": None,
}
USER = "/users/<int(min=1, max=9223372036854775807):user_id>"
NO_EMAIL = InvalidMembers({"email": ["Must be an address such as ada@example.com, in ASCII."]})
NO_GROUP = InvalidMembers({"groups": {"0": [f"Must be {A_GROUP}."]}})
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})


# The page comes second: the document must know the schema of a player before it meets that in another one.
@register.post("/users")  # type: ignore[type-var]  # APIFlask takes anything that the schema can dump
@register.input(NewUserSchema, arg_name="player", examples={"user": {"value": NEW}})
@register.output(
    UserSchema,
    status_code=HTTPStatus.CREATED,
    examples={"registered": {"value": REGISTERED}},
    headers=LocationSchema,
    description="registered, under this id",
)
@register.doc(
    responses=error_responses(MalformedJson, NO_EMAIL, DuplicateUser, NoFreeUserId, problems=PROBLEMS, takes_body=True)
)
@require_scope(Scope.USERS_WRITE)
def register_user(player: NewPlayer) -> tuple[RegisteredPlayer, int, dict[str, str]]:
    """Register a player, under the platform's own id or the next free one."""
    registered = controllers.register_player(services.get(PlayerServices).database, player, _actor())
    return registered, HTTPStatus.CREATED, {"Location": f"/users/{registered.user_id}"}


@register.get("/users")
@register.input(PlayersParameters, location="query", arg_name="query")
@register.output(
    UsersPageSchema,
    examples={"whole-register": {"value": {"users": [REGISTERED], "next_after": None}}},
    description="the players, ids ascending",
)
@register.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.USERS_READ)
def read_users(query: PageQuery) -> dict[str, object]:
    """Read the register, page by page."""
    players, next_after = controllers.read_page(services.get(PlayerServices).database, query)
    return {"users": players, "next_after": next_after}


@register.put(USER)  # type: ignore[type-var]  # as above
@register.input(PlayerChangesSchema, arg_name="changes", examples={"groups": {"value": {"groups": ["vip", "18-24"]}}})
@register.output(UserSchema, examples={"changed": {"value": CHANGED}}, description="as the player is from now on")
@register.doc(
    responses=error_responses(
        MalformedJson,
        NO_GROUP,
        DuplicateUser(["email"]),
        PlayerMoved,
        NotRegistered,
        NotFound,
        problems=PROBLEMS,
        takes_body=True,
    )
)
@describes_path(register, PlayerInPath)
@require_scope(Scope.USERS_WRITE)
def change_user(user_id: int, changes: Mapping[str, Any]) -> RegisteredPlayer:
    """Change the name, the email or the groups of a registered player; what is left out stays as it is.

    `groups` replaces all groups; an empty list means none. Each change is recorded with who made it, and counts up the
    version; the same request again changes nothing. Rules that name groups use the new ones from the next event on.
    """
    seen = changes.get("version")
    update = PlayerUpdate(user_id=user_id, **{name: value for name, value in changes.items() if name != "version"})
    return controllers.change_player(services.get(PlayerServices).database, update, _actor(), seen=seen)


@register.get(f"{USER}/changes")
@register.input(ChangesParameters, location="query", arg_name="query")
@register.output(
    PlayerChangePageSchema,
    examples={"changes": {"value": CHANGES}},
    description="the changes, newest first; of somebody who was never changed or registered, none",
)
@register.doc(responses=error_responses(NO_LIMIT, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(register, PlayerInPath)
@require_scope(Scope.USERS_READ)
def read_user_changes(user_id: int, query: ChangesQuery) -> dict[str, object]:
    """Read how a player's name, email and groups were changed, by whom and when."""
    changes, next_before = controllers.changes_of(services.get(PlayerServices).database, user_id, query)
    return {"changes": changes, "next_before": next_before}


def _actor() -> Actor:
    return Actor(name=actor_of_request())
