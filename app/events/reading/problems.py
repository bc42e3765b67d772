"""The problem that a client sees while a player's totals are not ready."""

from app.events.reading.domain import StillAddingUp
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    StillAddingUp: ProblemType(
        503,
        "still-adding-up",
        "The player's totals are not ready yet",
        retry_after=1,
        example=StillAddingUp(1),
    ),
}
