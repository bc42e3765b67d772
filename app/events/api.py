"""The routes of events: what comes in, what goes out, no decisions."""

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from app.access.domain import Scope
from app.access.guard import current_key, require_scope
from app.access.problems import error_responses
from app.events import controllers, metrics
from app.events.domain import (
    Decision,
    DuplicateEvent,
    FullSecond,
    InTheFuture,
    OutOfOrder,
    TooManyInReach,
    UnknownUser,
)
from app.events.examples import DECISIONS, EVENTS
from app.events.problems import PROBLEMS
from app.events.schemas import DecisionSchema, EventSchema, InvalidEvent, ReplaySchema, parse_event, render_decision
from app.events.services import EventServices
from app.rulebook.live_rules import NoRuleBook
from lib import services
from lib.answers import JsonResponse
from lib.concurrency import SLOT
from lib.database_errors import Unavailable
from lib.json_requests import MalformedJson
from lib.logs import get_logger
from lib.request_ids import milliseconds_so_far

events = APIBlueprint(
    "events", __name__, tag={"name": "Events", "description": "What players do with money, evaluated as it happens."}
)
log = get_logger()

REPLAY = ("Idempotent-Replay", "true")
LATE = ("Late-Event", "true")


@events.post("/event")
@events.post("/event/")
@events.post("/api/events")
@events.input(EventSchema, arg_name="members", examples=EVENTS, validation=False)  # `parse_event` validates it
@events.output(
    DecisionSchema, headers=ReplaySchema, examples=DECISIONS, description="stored durably, with this decision"
)
@events.doc(
    responses=error_responses(
        MalformedJson,
        InvalidEvent,
        OutOfOrder,
        InTheFuture,
        UnknownUser,
        DuplicateEvent,
        FullSecond,
        TooManyInReach,
        NoRuleBook,
        Unavailable,
        problems=PROBLEMS,
        takes_body=True,
    )
)
@require_scope(Scope.EVENTS_WRITE)
def receive_event(members: dict[str, Any]) -> Response:
    """Receive a deposit or a withdrawal and say which alert rules the player now meets.

    `user_id` and `t` identify an event, and `t` rises with every event of a player. With an `event_id`, `user_id` and
    `event_id` do, and `t` may equal that of the player's latest event if it has one too. The same event sent again,
    however late, gets its first answer. `time` means `t`; `/event/` and `/api/events` are the same as this path.
    """
    event = parse_event(members)
    made = services.get(EventServices)
    evaluator = made.rule_book.current()
    key = current_key()
    sent_by = key.id if key else None
    made.player_locks.acquire(event.user_id, request.environ[SLOT])
    try:
        decision = controllers.record_event(made, evaluator, event, sent_by)
    finally:
        made.player_locks.release(event.user_id)
    metrics.count(decision)
    write_log_line(decision, sent_by)
    return JsonResponse(render_decision(decision), headers=headers_of(decision))


def headers_of(decision: Decision) -> Sequence[tuple[str, str]]:
    """Return the headers that say what is special about an event, nothing for nearly all."""
    if not (decision.replayed or decision.taken_after is not None):
        return ()
    return [header for header, holds in ((REPLAY, decision.replayed), (LATE, decision.late)) if holds]


def write_log_line(decision: Decision, key_id: int | None) -> None:
    """Write the event's one log line, with the key that sent it now; a warning if it raised codes (A14)."""
    event = decision.event
    lines = log if event.event_id is None else log.bind(event_id=event.event_id, n=event.n)
    if decision.taken_after is not None:
        lines = lines.bind(late=True)
    write = lines.warning if decision.alert else lines.info
    write(
        "event",
        user_id=event.user_id,
        t=event.t,
        codes=decision.alert_codes,
        replayed=decision.replayed,
        key_id=key_id,
        duration_ms=milliseconds_so_far(),
    )
