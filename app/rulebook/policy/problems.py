"""The problem that a client sees if the policy requires another person."""

from app.problems import Problems
from app.rulebook.domain import SameEyes
from app.rulebook.eyes import key_needed_to_turn_off
from lib.problem_details import ProblemType

SAME_EYES = ProblemType(
    403,
    "same-eyes",
    "Another person has to approve",
    example=key_needed_to_turn_off("key:0123456789ab rules", "Ann"),
    new_slug="self-approval",
)
PROBLEMS: Problems = {SameEyes: SAME_EYES}
