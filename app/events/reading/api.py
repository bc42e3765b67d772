"""The routes for reading back: what comes in, what goes out, no decisions."""

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.events.reading import controllers
from app.events.reading.domain import EventPage, PageQuery, StillAddingUp, UserActivity
from app.events.reading.problems import PROBLEMS
from app.events.reading.schemas import (
    EventPageSchema,
    EventsParameters,
    UserActivitySchema,
    UserInPath,
)
from app.events.services import EventServices
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path
from lib.query_parameters import NoParameters

TAG = {"name": "Reading back", "description": "A player's stored events, with the answers to them."}
reading = APIBlueprint("reading", __name__, tag=TAG, url_prefix="/users")

USER = "<int(min=1, max=9223372036854775807):user_id>"
PAGE = {
    "events": [
        {
            "type": "withdraw",
            "amount": "150.00",
            "user_id": 1,
            "t": 20,
            "alert_codes": [1100],
            "received_at": "2026-11-22T09:30:00.250000Z",
        },
        {
            "type": "deposit",
            "amount": "42.00",
            "user_id": 1,
            "t": 10,
            "alert_codes": [],
            "received_at": "2026-11-22T09:29:50.125000Z",
        },
    ],
    "next_before": None,
}
ACTIVITY = {
    "user_id": 1,
    "latest_t": 20,
    "alert_codes": [1100],
    "deposits": {"count": 1, "total": "42.00"},
    "withdrawals": {"count": 1, "total": "150.00"},
    "withdraws": {"count": 1, "total": "150.00"},
}
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})


@reading.get(f"/{USER}/events")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@reading.input(EventsParameters, location="query", arg_name="query")
@reading.output(
    EventPageSchema,
    examples={"last-page": {"value": PAGE}},
    description="the events, newest first; none for a player who has none",
)
@reading.doc(responses=error_responses(NO_LIMIT, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(reading, UserInPath)
@require_scope(Scope.EVENTS_READ)
def read_events(user_id: int, query: PageQuery) -> EventPage:
    """Read a player's events back, page by page, with the answers to them.

    With `code`, a page may have fewer events than `limit`, even none, before the last page: go on with `next_before`.
    """
    return controllers.events_of(services.get(EventServices).database, user_id, query)


@reading.get(f"/{USER}")  # type: ignore[type-var]  # as above
@reading.input(NoParameters, location="query")
@reading.output(
    UserActivitySchema,
    examples={"activity": {"value": ACTIVITY}},
    description="what the player has done so far; perhaps nothing",
)
@reading.doc(responses=error_responses(NO_PARAMETER, NotFound, StillAddingUp, problems=PROBLEMS, takes_body=False))
@describes_path(reading, UserInPath)
@require_scope(Scope.EVENTS_READ)
def read_activity(user_id: int, **_: object) -> UserActivity:
    """Read what a player has done so far: the latest `t`, the codes raised at it, and the totals."""
    return controllers.activity_of(services.get(EventServices).database, user_id)
