"""The routes of the register: input and output, no decisions."""

from http import HTTPStatus

from apiflask import APIBlueprint

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.players import controllers
from app.players.domain import DuplicateUser, NewPlayer, NoFreeUserId, PageQuery, RegisteredPlayer
from app.players.problems import PROBLEMS
from app.players.schemas import LocationSchema, NewUserSchema, PlayersParameters, UserSchema, UsersPageSchema
from app.players.services import PlayerServices
from lib import services
from lib.json_requests import InvalidMembers, MalformedJson

TAG = {"name": "Register", "description": "The players whom the platform has registered."}
register = APIBlueprint("register", __name__, tag=TAG)

NEW = {"name": "Ada Sample", "email": "ada.1@example.com"}
REGISTERED = {"user_id": 1, **NEW, "created_at": "2026-11-22T09:30:00.250000Z"}
NO_EMAIL = InvalidMembers({"email": ["Must be an address such as ada@example.com, in ASCII."]})
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
    registered = controllers.register_player(services.get(PlayerServices).database, player)
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
