"""The problem that a client sees for a case that does not exist."""

from app.cases.refusals import NoSuchCase
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchCase: ProblemType(404, "unknown-case", "Case not found", example=NoSuchCase(1)),
}
