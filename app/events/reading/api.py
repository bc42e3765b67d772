"""The routes for reading back: what comes in, what goes out, no decisions."""

from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.events.reading import controllers
from app.events.reading.domain import (
    CorrectionPage,
    CorrectionsQuery,
    EventPage,
    Moment,
    NoSuchEvent,
    PageQuery,
    StillAddingUp,
    StoredDecision,
    UserActivity,
)
from app.events.reading.problems import PROBLEMS
from app.events.reading.schemas import (
    CorrectionPageSchema,
    CorrectionsParameters,
    EventInPath,
    EventPageSchema,
    EventParameters,
    EventsParameters,
    EventWithIdInPath,
    StoredEventSchema,
    UserActivitySchema,
    UserInPath,
)
from app.events.services import EventServices
from app.rules.event import parse_event_id
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path
from lib.query_parameters import NoParameters

TAG = {"name": "Reading back", "description": "A player's stored events, with the answers to them."}
reading = APIBlueprint("reading", __name__, tag=TAG, url_prefix="/users")

USER = "<int(min=1, max=9223372036854775807):user_id>"
MOMENT = "<int(max=9223372036854775807):t>"
PAGE: dict[str, Any] = {
    "events": [
        {
            "type": "withdraw",
            "amount": "150.00",
            "user_id": 1,
            "t": 20,
            "n": 0,
            "event_id": None,
            "alert_codes": [1100],
            "believed_codes": [1100],
            "received_at": "2026-11-22T09:30:00.250000Z",
            "late": False,
            "amended": False,
        },
        {
            "type": "deposit",
            "amount": "42.00",
            "user_id": 1,
            "t": 10,
            "n": 0,
            "event_id": None,
            "alert_codes": [],
            "believed_codes": [],
            "received_at": "2026-11-22T09:29:50.125000Z",
            "late": False,
            "amended": False,
        },
    ],
    "next_before": None,
}
ACTIVITY = {
    "user_id": 1,
    "latest_t": 20,
    "latest_n": 0,
    "latest_event_id": None,
    "alert_codes": [1100],
    "believed_codes": [1100],
    "deposits": {"count": 1, "total": "42.00"},
    "withdrawals": {"count": 1, "total": "150.00"},
    "withdraws": {"count": 1, "total": "150.00"},
}
CORRECTIONS = {
    "corrections": [
        {
            "correction": 3,
            "kind": "reversal",
            "user_id": 1,
            "t": 20,
            "n": 0,
            "event_id": None,
            "before": {"type": "withdraw", "amount": "150.00"},
            "after": None,
            "reason": "charged back",
            "by": "operations",
            "at": "2026-11-23T10:15:00.500000Z",
            "at_shell": "ops@host-1",
            "revised": [{"t": 20, "n": 0, "event_id": None, "codes_before": [1100], "codes_after": []}],
        }
    ],
    "next_before": None,
}
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
AN_EVENT = {"event": {"value": PAGE["events"][1]}}
AN_EVENT_WITH_ID = {"event": {"value": {**PAGE["events"][1], "event_id": "tx-1a2b"}}}
NO_N = InvalidMembers({"n": ["Must be from 0 to 2147483647."]})
NO_ID = NoSuchEvent(1, "1")
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


@reading.get(f"/{USER}/events/{MOMENT}")  # type: ignore[type-var]  # as above
@reading.input(EventParameters, location="query", arg_name="parameters")
@reading.output(StoredEventSchema, examples=AN_EVENT, description="the event, with the answer to it")
@reading.doc(responses=error_responses(NO_N, NoSuchEvent, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(reading, EventInPath)
@require_scope(Scope.EVENTS_READ)
def read_event(user_id: int, t: int, parameters: dict[str, int]) -> StoredDecision:
    """Read one event back by its second; `n` says which one, where several share it."""
    return controllers.event_of(services.get(EventServices).database, user_id, Moment(t, parameters["n"]))


@reading.get(f"/{USER}/events/by-id/<string(maxlength=64):event_id>")  # type: ignore[type-var]  # as above
@reading.input(NoParameters, location="query")
@reading.output(StoredEventSchema, examples=AN_EVENT_WITH_ID, description="the event, with the answer to it")
@reading.doc(responses=error_responses(NO_PARAMETER, NO_ID, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(reading, EventWithIdInPath)
@require_scope(Scope.EVENTS_READ)
def read_event_with_id(user_id: int, event_id: str, **_: object) -> StoredDecision:
    """Read one event back by the platform's own id."""
    try:
        parse_event_id(event_id)
    except ValueError:
        raise NoSuchEvent(user_id, event_id) from None  # nor may everything go into a query: NUL, for instance
    return controllers.event_of(services.get(EventServices).database, user_id, event_id)


@reading.get(f"/{USER}/corrections")  # type: ignore[type-var]  # as above
@reading.input(CorrectionsParameters, location="query", arg_name="query")
@reading.output(
    CorrectionPageSchema,
    examples={"corrections": {"value": CORRECTIONS}},
    description="the corrections, newest first; none for a player who has none",
)
@reading.doc(responses=error_responses(NO_LIMIT, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(reading, UserInPath)
@require_scope(Scope.EVENTS_READ)
def read_corrections(user_id: int, query: CorrectionsQuery) -> CorrectionPage:
    """Read who reversed or amended a player's events, when and why, and whose codes changed with that.

    A page ends early after 1,000 events whose codes changed; of a single correction, it has the first 1,000.
    """
    return controllers.corrections_of(services.get(EventServices).database, user_id, query)


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
