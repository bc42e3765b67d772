"""Which problem a client sees for each way in which the rule book refuses a step, or cannot judge yet."""

from dataclasses import replace

from app.problems import Problems
from app.rulebook import examples
from app.rulebook.domain import LiveEditionChanged, NoSuchEdition, SameEyes, WrongStep
from app.rulebook.forms import InvalidRules
from app.rulebook.policy.problems import SAME_EYES
from app.rulebook.watch import NOTHING_LIVE, NoRuleBook
from lib.problem_details import ProblemType

NOTHING_JUDGES = ProblemType(
    503,
    "not-ready",
    "The service cannot do its work",
    retry_after=1,
    example=NoRuleBook(NOTHING_LIVE),
)
PROBLEMS: Problems = {
    InvalidRules: ProblemType(
        400,
        "invalid-rules",
        "These rules cannot be saved",
        example=InvalidRules(
            {"rule 123, seconds": ["Must be greater than or equal to 1 and less than or equal to 2678400."]}
        ),
    ),
    NoSuchEdition: ProblemType(404, "unknown-edition", "There is no such edition"),
    WrongStep: ProblemType(409, "wrong-step", "The edition does not stand where this step begins"),
    LiveEditionChanged: ProblemType(
        409,
        "live-edition-changed",
        "Another edition is live than the one that this would replace",
        example=examples.PUBLISHED_MEANWHILE,
    ),
    SameEyes: replace(SAME_EYES, example=examples.WRITTEN_BY_ITS_PUBLISHER),
    NoRuleBook: NOTHING_JUDGES,
}
