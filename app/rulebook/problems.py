"""Which problem a client sees for each reason to refuse a step, or if no edition can be evaluated yet."""

from dataclasses import replace

from app.problems import Problems
from app.rulebook import examples
from app.rulebook.domain import LiveEditionChanged, NoSuchEdition, SelfApproval, WrongStep
from app.rulebook.forms import InvalidRules
from app.rulebook.live_rules import NOTHING_LIVE, NoRuleBook
from app.rulebook.policy.problems import SELF_APPROVAL
from app.rules.limits import MAX_WINDOW
from lib.problem_details import ProblemType

NOT_READY = ProblemType(
    503,
    "not-ready",
    "The service is not ready",
    retry_after=1,
    example=NoRuleBook(NOTHING_LIVE),
)
PROBLEMS: Problems = {
    InvalidRules: ProblemType(
        400,
        "invalid-rules",
        "Invalid rules",
        example=InvalidRules(
            {"rule 123, seconds": [f"Must be greater than or equal to 1 and less than or equal to {MAX_WINDOW}."]}
        ),
    ),
    NoSuchEdition: ProblemType(404, "unknown-edition", "Edition not found"),
    WrongStep: ProblemType(409, "wrong-step", "The status of the edition does not allow this step"),
    LiveEditionChanged: ProblemType(
        409,
        "live-edition-changed",
        "The live edition has changed",
        example=examples.PUBLISHED_MEANWHILE,
    ),
    SelfApproval: replace(SELF_APPROVAL, example=examples.WRITTEN_BY_ITS_PUBLISHER),
    NoRuleBook: NOT_READY,
}
