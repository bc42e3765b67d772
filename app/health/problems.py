"""The problem that clients see while the service is not ready."""

from app.health.domain import NotReady, Unready
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NotReady: ProblemType(
        503, "not-ready", "The service cannot do its work", example=NotReady(Unready.DATABASE_UNREACHABLE)
    ),
}
