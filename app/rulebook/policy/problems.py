"""The problem that a client sees if the policy requires another person."""

from app.problems import Problems
from app.rulebook.approval import key_needed_to_turn_off
from app.rulebook.domain import SelfApproval
from lib.problem_details import ProblemType

SELF_APPROVAL = ProblemType(
    403,
    "same-eyes",
    "Another person has to approve",
    example=key_needed_to_turn_off("key:0123456789ab rules", "Ann"),
    new_slug="self-approval",
)
PROBLEMS: Problems = {SelfApproval: SELF_APPROVAL}
