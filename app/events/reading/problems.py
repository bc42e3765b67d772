"""Which problem a client sees where a player's events cannot be read back yet."""

from app.events.reading.domain import StillAddingUp
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    StillAddingUp: ProblemType(
        503,
        "still-adding-up",
        "The user's events are not added up yet",
        retry_after=1,
        example=StillAddingUp(1),
    ),
}
