"""The problems of reading back: no such event, or the player's totals are not ready."""

from app.events.reading.domain import Moment, NoSuchEvent, StillAddingUp
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchEvent: ProblemType(404, "unknown-event", "Event not found", example=NoSuchEvent(1, Moment(1))),
    StillAddingUp: ProblemType(
        503,
        "still-adding-up",
        "The player's totals are not ready yet",
        retry_after=1,
        example=StillAddingUp(1),
    ),
}
