"""Which problem a client sees where the policy needs another person."""

from app.problems import Problems
from app.rulebook.domain import SameEyes
from app.rulebook.eyes import key_needed_to_turn_off
from lib.problem_details import ProblemType

SAME_EYES = ProblemType(
    403,
    "same-eyes",
    "Somebody else than the author has to publish",
    example=key_needed_to_turn_off("key:0123456789ab rules", "Ann"),
)
PROBLEMS: Problems = {SameEyes: SAME_EYES}
