"""The route of many players at once: what comes in, what goes out, no decisions."""

from collections.abc import Mapping
from typing import Any

from flask import Response, json, request
from marshmallow import ValidationError

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.players import controllers
from app.players.api import register
from app.players.domain import MAX_PLAYERS, Actor, NotRegistered, PlayerUpdate
from app.players.problems import PROBLEMS
from app.players.schemas import PlayerResultsSchema, PlayersRefusedSchema, PlayerUpdateSchema
from app.players.services import PlayerServices
from app.players.updating import Updated
from app.problems import PROBLEMS as SHARED
from lib import services
from lib.answers import JsonResponse
from lib.bodies import too_large
from lib.body_forms import NotJson
from lib.json_batches import JSON, MEDIA_TYPES, NDJSON, Part, read_parts
from lib.json_requests import GivenTwice, InvalidMembers, MalformedJson, given_twice
from lib.openapi_documents import request_body
from lib.problem_details import ProblemType, members_of, recorded

__all__ = ["register"]  # which has the routes for one player as well

MAX_BODY = 64 * 1024  # bytes
KNOWN: Mapping[type[Exception], ProblemType] = {**SHARED, **PROBLEMS}
UPDATES = PlayerUpdateSchema()

BODY: dict[str, Any] = {
    "description": f"a JSON array; or, as `{NDJSON}`, the same players one a line, where blank lines are skipped",
    "content": {
        JSON: {
            "schema": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/PlayerUpdate"},
                "minItems": 1,
                "maxItems": MAX_PLAYERS,
            },
            "examples": {
                "two": {
                    "summary": "one to register, and the groups of another",
                    "value": [
                        {"user_id": 1, "name": "Ada Sample", "email": "ada.1@example.com", "groups": ["vip"]},
                        {"user_id": 2, "groups": ["18-24"]},
                    ],
                }
            },
        }
    },
}
_REFUSED = members_of(
    PROBLEMS[NotRegistered], NotRegistered(2, incomplete=True), "/users", "6f1ac0e2b49d4f7f8a3b5c7d9e1f2a4b"
)
EXAMPLES: dict[str, dict[str, Any]] = {
    "players": {
        "summary": "the first was registered, the second is refused",
        "value": {
            "results": [
                {"index": 0, "status": 201, "user_id": 1, "version": 1},
                {"index": 1, "status": 404, "problem": _REFUSED},
            ]
        },
    }
}


@register.put("/users")
@register.output(
    PlayerResultsSchema,
    headers=PlayersRefusedSchema,
    examples=EXAMPLES,
    description="a result for each player; some may be refused",
)
@register.doc(
    responses=error_responses(
        MalformedJson("the body must be a JSON array: [ … ]"),
        too_large(MAX_BODY),
        NotJson(MEDIA_TYPES),
        problems=PROBLEMS,
        takes_body=True,
    )
)
@request_body(BODY)
@require_scope(Scope.USERS_WRITE)
def update_users() -> Response:
    """Register or change up to 1,000 players or 64 KiB at once, as NDJSON or as a JSON array.

    A player who is registered gets what is sent, and keeps what is left out; `groups` replaces all groups. Anybody else
    is registered, with name and email. Each is stored or refused by itself: look at `Users-Refused`. The same batch
    again changes nothing.
    """
    parts = read_parts(request, longest=MAX_BODY, most=MAX_PLAYERS, things="players")
    answers: list[dict[str, object]] = [{} for _ in parts]
    updates: list[tuple[int, PlayerUpdate]] = []
    for place, part in enumerate(parts):
        try:
            updates.append((place, update_in(part)))
        except (MalformedJson, InvalidMembers) as refusal:
            answers[place] = _answer(place, refusal)
    sent = [update for _, update in updates]
    if sent:
        actor = Actor(name=actor_of_request())
        results = controllers.update_players(services.get(PlayerServices).database, sent, actor)
        for (place, _), result in zip(updates, results, strict=True):
            answers[place] = _answer(place, result)
    refused = sum("problem" in each for each in answers)
    return JsonResponse(json.dumps({"results": answers}) + "\n", headers=[("Users-Refused", str(refused))])


def update_in(part: Part) -> PlayerUpdate:
    """Return the update that a part of a batch is; raises `MalformedJson` or `InvalidMembers`."""
    if isinstance(part, GivenTwice):
        raise InvalidMembers(given_twice(part))
    if isinstance(part, MalformedJson):
        raise part
    try:
        update: PlayerUpdate = UPDATES.load(part)
    except ValidationError as error:
        raise InvalidMembers(error.normalized_messages()) from None  # type: ignore[no-untyped-call]  # marshmallow's gap
    return update


def _answer(place: int, result: Updated | Exception) -> dict[str, object]:
    if isinstance(result, Updated):
        status = 201 if result.registers else 200
        return {"index": place, "status": status, "user_id": result.user_id, "version": result.version}
    kind = KNOWN[type(result)]
    return {"index": place, "status": kind.status, "problem": recorded(kind, result)}
