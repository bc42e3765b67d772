"""The routes of interactions: what comes in, what goes out, no decisions. People record them in the console."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.interactions import examples, reading, recording
from app.interactions.domain import Interaction
from app.interactions.problems import PROBLEMS
from app.interactions.refusals import IdTaken, NoSuchInteraction, WrongRecord
from app.interactions.requests import RecordsQuery, ToldInteraction
from app.interactions.schemas import (
    InteractionInPath,
    InteractionListSchema,
    InteractionSchema,
    RecordedSchema,
    RecordsParameters,
    ToldInteractionSchema,
)
from app.interactions.services import RecordServices
from app.staff.permissions import Actor, Permission
from lib import services
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path
from lib.query_parameters import NoParameters

records = APIBlueprint(
    "records",
    __name__,
    tag={"name": "Records", "description": "Interactions with players, actions about them, and what changed."},
)
ID = "<int(min=1, max=9223372036854775807):{}>"
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})
NOTHING_SAID = WrongRecord({"said": ["Say what was said or written, or which template was sent."]})


@records.post("/interactions")
@records.input(ToldInteractionSchema, arg_name="told", examples=examples.TOLD)
@records.output(RecordedSchema, examples=examples.RECORDED, description="recorded, now or before")
@records.doc(responses=error_responses(MalformedJson, NOTHING_SAID, IdTaken, problems=PROBLEMS, takes_body=True))
@require_scope(Scope.INTERACTIONS_WRITE)
def tell_interaction(told: ToldInteraction) -> Mapping[str, Any]:
    """Record an interaction that the platform had by itself, such as a pop-up.

    It belongs to the player's open case, if there is one, and is never changed. The same body under the same `id` is
    recorded once.
    """
    found = recording.tell(record_services(), writer(), told)
    made = found.interaction
    return {"id": made.id, "case_id": made.case_id, "replayed": found.is_replay}


@records.get("/interactions")
@records.input(RecordsParameters, location="query", arg_name="query")
@records.output(InteractionListSchema, examples=examples.page("interactions"), description="a page of them")
@records.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.CASES_READ)
def read_interactions(query: RecordsQuery) -> Mapping[str, Any]:
    """Read interactions, page by page, the oldest first."""
    found, next_after = reading.interactions(record_services(), reader(), query)
    return {"interactions": found, "next_after": next_after}


@records.get(f"/interactions/{ID.format('interaction_id')}")  # type: ignore[type-var]  # APIFlask takes what it can write
@records.input(NoParameters, location="query")
@records.output(InteractionSchema, examples=examples.ONE, description="the interaction")
@records.doc(responses=error_responses(NO_PARAMETER, NoSuchInteraction, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(records, InteractionInPath)
@require_scope(Scope.CASES_READ)
def read_interaction(interaction_id: int, **_: object) -> Interaction:
    """Read an interaction."""
    return reading.interaction(record_services(), reader(), interaction_id)


def record_services() -> RecordServices:
    """Return what the routes of records need."""
    return services.get(RecordServices)


def writer() -> Actor:
    """Return the platform that tells something."""
    return Actor(name=actor_of_request(), permissions=frozenset({Permission.INTERACTIONS_WRITE}))


def reader() -> Actor:
    """Return the program that reads."""
    return Actor(name=actor_of_request(), permissions=frozenset({Permission.CASES_READ}))
