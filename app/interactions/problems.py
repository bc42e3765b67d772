"""The problems that clients see when a record is refused."""

from app.interactions.refusals import (
    IdTaken,
    NoSuchAction,
    NoSuchEvaluation,
    NoSuchInteraction,
    StepTaken,
    WrongRecord,
)
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    WrongRecord: ProblemType(400, "invalid-request", "Invalid request"),
    NoSuchInteraction: ProblemType(404, "unknown-interaction", "Interaction not found", example=NoSuchInteraction(1)),
    NoSuchAction: ProblemType(404, "unknown-action", "Action not found", example=NoSuchAction(1)),
    NoSuchEvaluation: ProblemType(404, "unknown-evaluation", "Evaluation not found", example=NoSuchEvaluation(1)),
    IdTaken: ProblemType(
        409, "conflicting-record", "Something else was recorded under this id", example=IdTaken("msg-1")
    ),
    StepTaken: ProblemType(
        409,
        "step-taken",
        "The action has taken this step already",
        example=StepTaken("action 1 was already executed, by anonymous"),
    ),
}
