"""The routes for corrections: what comes in, what goes out, no decisions."""

from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.events.domain import TooManyInReach
from app.events.metrics import count_correction
from app.events.revising import examples
from app.events.revising.corrections import Which, correct
from app.events.revising.domain import (
    Corrected,
    Correction,
    CorrectionRefused,
    NoEventToCorrect,
    NotCounted,
    NothingToAmend,
)
from app.events.revising.judging import MAX_JUDGED_AGAIN, Bounds
from app.events.revising.problems import WITH_THOSE_OF_EVENTS
from app.events.revising.schemas import (
    AmendmentSchema,
    CorrectionReplaySchema,
    CorrectionSchema,
    EventToCorrect,
    EventWithIdToCorrect,
    ReversalSchema,
)
from app.events.services import EventServices
from app.rulebook.changes import change_from_request
from app.rules.event import EventRef, EventType, parse_event_id
from lib import services
from lib.database_errors import Unavailable
from lib.json_requests import InvalidMembers, MalformedJson
from lib.logs import get_logger
from lib.paths import describes_path

corrections = APIBlueprint(
    "corrections",
    __name__,
    tag={"name": "Corrections", "description": "Events that did not happen, or not as they were sent."},
    url_prefix="/users",
)
log = get_logger()

USER = "<int(min=1, max=9223372036854775807):user_id>"
AT = f"/{USER}/events/<int(max=9223372036854775807):t>"
WITH_ID = f"/{USER}/events/by-id/<string(maxlength=64):event_id>"
COMMANDS = "an operator can do it on the service's machine, with `events reverse` or `events amend`"
BOUNDS = Bounds(todo=COMMANDS)
NO_REASON = InvalidMembers({"reason": ["Missing data for required field."]})


def refusals(unknown: NoEventToCorrect, *more: CorrectionRefused) -> dict[int, Any]:
    """Describe the refusals of a view; `unknown` is that of an event which is not there."""
    return error_responses(
        MalformedJson,
        NO_REASON,
        unknown,
        *more,
        TooManyInReach(1, 10, MAX_JUDGED_AGAIN, COMMANDS),
        NotFound,
        Unavailable,
        problems=WITH_THOSE_OF_EVENTS,
        takes_body=True,
    )


NOT_COUNTED = NotCounted(1, EventRef(10))
NO_EVENT, NO_EVENT_WITH_ID = NoEventToCorrect(1, 10), NoEventToCorrect(1, "1")
Answer = tuple[Corrected, int, dict[str, str]]


@corrections.post(f"{AT}/reversal")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@corrections.input(ReversalSchema, arg_name="asked", examples=examples.REVERSAL)
@corrections.output(
    CorrectionSchema, headers=CorrectionReplaySchema, examples=examples.REVERSED, description="the event is taken back"
)
@corrections.doc(responses=refusals(NO_EVENT, NOT_COUNTED))
@describes_path(corrections, EventToCorrect)
@require_scope(Scope.EVENTS_CORRECT)
def reverse_event(user_id: int, t: int, asked: dict[str, Any]) -> Answer:
    """Take back an event without an `event_id`: it did not happen, or its `t` was wrong.

    Later events are judged again: codes that they would have raised are found late, and those that no longer hold are
    retracted; first answers stay. After the reversal of a player's latest event, `t` has to be above that of the one
    before. The identity of the event stays taken. The same reversal sent again changes nothing.
    """
    return _correct(user_id, t, asked)


@corrections.post(f"{AT}/amendment")  # type: ignore[type-var]  # as above
@corrections.input(AmendmentSchema, arg_name="asked", examples=examples.AMENDMENT)
@corrections.output(
    CorrectionSchema, headers=CorrectionReplaySchema, examples=examples.AMENDED, description="the event is amended"
)
@corrections.doc(responses=refusals(NO_EVENT, NothingToAmend(1, EventRef(10), EventType.DEPOSIT, Decimal(15))))
@describes_path(corrections, EventToCorrect)
@require_scope(Scope.EVENTS_CORRECT)
def amend_event(user_id: int, t: int, asked: dict[str, Any]) -> Answer:
    """Amend the type or the amount of an event without an `event_id`; it and later events are judged again."""
    return _correct(user_id, t, asked)


@corrections.post(f"{WITH_ID}/reversal")  # type: ignore[type-var]  # as above
@corrections.input(ReversalSchema, arg_name="asked", examples=examples.REVERSAL)
@corrections.output(
    CorrectionSchema,
    headers=CorrectionReplaySchema,
    examples=examples.REVERSED_BY_ID,
    description="the event is taken back",
)
@corrections.doc(responses=refusals(NO_EVENT_WITH_ID))
@describes_path(corrections, EventWithIdToCorrect)
@require_scope(Scope.EVENTS_CORRECT)
def reverse_event_with_id(user_id: int, event_id: str, asked: dict[str, Any]) -> Answer:
    """Take back an event by its `event_id`."""
    return _correct(user_id, _known(user_id, event_id), asked)


@corrections.post(f"{WITH_ID}/amendment")  # type: ignore[type-var]  # as above
@corrections.input(AmendmentSchema, arg_name="asked", examples=examples.AMENDMENT)
@corrections.output(
    CorrectionSchema,
    headers=CorrectionReplaySchema,
    examples=examples.AMENDED_BY_ID,
    description="the event is amended",
)
@corrections.doc(
    responses=refusals(NO_EVENT_WITH_ID, NothingToAmend(1, EventRef(10, 0, "1"), EventType.DEPOSIT, Decimal(15)))
)
@describes_path(corrections, EventWithIdToCorrect)
@require_scope(Scope.EVENTS_CORRECT)
def amend_event_with_id(user_id: int, event_id: str, asked: dict[str, Any]) -> Answer:
    """Amend the type or the amount of an event by its `event_id`."""
    return _correct(user_id, _known(user_id, event_id), asked)


def _known(user_id: int, event_id: str) -> str:
    """Return the id; raises `NoEventToCorrect` if no event can have it."""
    try:
        return parse_event_id(event_id)
    except ValueError:
        raise NoEventToCorrect(user_id, event_id) from None


def _correct(user_id: int, which: Which, asked: dict[str, Any]) -> Answer:
    actor = change_from_request(asked["reason"]).actor
    correction = Correction(reason=asked["reason"], actor=actor, type=asked.get("type"), amount=asked.get("amount"))
    corrected = correct(services.get(EventServices), user_id, which, correction, BOUNDS)
    report(corrected)
    return corrected, 200, {"Idempotent-Replay": "true"} if corrected.replayed else {}


def report(corrected: Corrected) -> None:
    """Count a correction, and write its line to the log."""
    recorded = corrected.correction
    if not corrected.replayed:
        count_correction(recorded.kind, corrected.changes)
    log.warning(
        "event corrected",
        kind=recorded.kind.value,
        user_id=recorded.user_id,
        t=recorded.t,
        n=recorded.n,
        correction=recorded.seq,
        by=recorded.actor,
        replayed=corrected.replayed,
        revised=len(corrected.revised),
    )
