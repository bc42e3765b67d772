"""The problems that clients see when the register refuses a player."""

from app.players.domain import DuplicateUser, NoFreeUserId, NotRegistered, PlayerMoved
from app.problems import Problems
from lib.fields import BIGINT_MAX
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    DuplicateUser: ProblemType(
        409,
        "duplicate-user",
        "Another player has this id or this email",
        example=DuplicateUser(["user_id", "email"]),
    ),
    NotRegistered: ProblemType(
        404,
        "unknown-user",
        "The player is not registered",
        example=NotRegistered(1),
    ),
    PlayerMoved: ProblemType(
        409,
        "player-changed",
        "Others have changed the player",
        example=PlayerMoved(1, []),
    ),
    NoFreeUserId: ProblemType(
        409,
        "no-free-user-id",
        "No free id was found for the player",
        example=NoFreeUserId(BIGINT_MAX),
    ),
}
