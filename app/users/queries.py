"""The questions that are asked of the register."""

from app.users.domain import RegisteredUser
from lib.transactions import Statement, Transaction

IS_REGISTERED = Statement(
    "is_registered", ("bigint",), "SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1)"
)
REGISTER = Statement(
    "register_user",
    ("bigint", "text", "text"),
    "INSERT INTO registered_user (user_id, name, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
)


class UserQueries:
    """The questions about users that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_registered(self, user_id: int) -> bool:
        """Is the user in the register?"""
        [(registered,)] = self._transaction.fetch(IS_REGISTERED, user_id)
        return bool(registered)

    def register(self, user: RegisteredUser) -> None:
        """Add the user; one whose id or email is there already is left as it is."""
        self._transaction.write(REGISTER, user.user_id, user.name, user.email)
