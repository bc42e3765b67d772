"""Which problem a client sees for each reason to refuse a correction."""

from decimal import Decimal

from app.events.problems import PROBLEMS as OF_EVENTS
from app.events.revising.domain import AlreadyReversed, NoEventToCorrect, NotCounted, NothingToAmend
from app.problems import Problems
from app.rules.event import EventRef, EventType
from lib.problem_details import ProblemType

NOTHING = ProblemType(
    409,
    "nothing-to-correct",
    "Nothing to correct",
    example=NothingToAmend(1, EventRef(10), EventType.DEPOSIT, Decimal(42)),
)
PROBLEMS: Problems = {
    NoEventToCorrect: ProblemType(404, "unknown-event", "Event not found", example=NoEventToCorrect(1, 10)),
    NothingToAmend: NOTHING,
    AlreadyReversed: NOTHING,
    NotCounted: NOTHING,
}
WITH_THOSE_OF_EVENTS: Problems = {**OF_EVENTS, **PROBLEMS}
