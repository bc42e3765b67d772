"""Which problem a client sees for each way in which the register refuses a player."""

from app.players.domain import DuplicateUser, NoFreeUserId
from app.problems import Problems
from lib.fields import BIGINT_MAX
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    DuplicateUser: ProblemType(
        409,
        "duplicate-user",
        "Another user has this id or this email",
        example=DuplicateUser(["user_id", "email"]),
    ),
    NoFreeUserId: ProblemType(
        409,
        "no-free-user-id",
        "There is no id to give to the user",
        example=NoFreeUserId(BIGINT_MAX),
    ),
}
