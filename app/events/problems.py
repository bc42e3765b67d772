"""Which problem a client sees for each reason to refuse an event."""

from app.events.domain import (
    CorrectedEvent,
    DuplicateEvent,
    DuplicateId,
    FullSecond,
    InTheFuture,
    OutOfOrder,
    TakenSecond,
    TooManyInReach,
    UnknownUser,
)
from app.events.schemas import InvalidEvent
from app.problems import Problems
from app.rulebook.live_rules import NoRuleBook
from app.rulebook.problems import NOT_READY
from lib.problem_details import ProblemType

DUPLICATE = ProblemType(
    409,
    "duplicate-event",
    "Conflicting event",
    example=DuplicateEvent(user_id=1, t=10),
)
PROBLEMS: Problems = {
    InvalidEvent: ProblemType(
        400,
        "invalid-event",
        "Invalid event",
        example=InvalidEvent({"amount": ["Must be above zero."], "t": ["Must be a JSON integer."]}),
    ),
    OutOfOrder: ProblemType(
        400,
        "out-of-order",
        "The event is out of order",
        example=OutOfOrder(user_id=1, t=9, latest=10),
    ),
    InTheFuture: ProblemType(
        400,
        "t-in-the-future",
        "The event is in the future",
        example=InTheFuture(1_795_736_749_000, now=1_795_736_749, allowed=300),
    ),
    UnknownUser: ProblemType(
        404,
        "unknown-user",
        "The player is not registered",
        example=UnknownUser(1),
    ),
    DuplicateEvent: DUPLICATE,
    DuplicateId: DUPLICATE,
    FullSecond: ProblemType(409, "second-full", "The second is full", example=FullSecond(user_id=1, t=10)),
    TakenSecond: DUPLICATE,
    CorrectedEvent: DUPLICATE,
    TooManyInReach: ProblemType(
        409,
        "too-many-later-events",
        "Too many later events to judge again",
        example=TooManyInReach(1, 10, 1000, "it comes too late to be stored"),
    ),
    NoRuleBook: NOT_READY,
}
