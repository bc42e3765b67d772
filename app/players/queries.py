"""The questions that are asked of the register."""

from collections.abc import Sequence
from datetime import datetime

from app.players.domain import NewUser, RegisteredUser
from lib.transactions import Statement, Transaction

# Who looks for a free id must not find the one that another is just taking. Not LOCK TABLE, for which the service's
# login would need to be let change whole rows.
LOCK = Statement("lock_register", (), "SELECT pg_advisory_xact_lock(7311030300125)")
IS_REGISTERED = Statement(
    "is_registered", ("bigint",), "SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1)"
)
REGISTER_IF_NEW = Statement(
    "register_user_if_new",
    ("bigint", "text", "text"),
    "INSERT INTO registered_user (user_id, name, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
)
REGISTER = Statement(
    "register_user",
    ("bigint", "text", "text"),
    "INSERT INTO registered_user (user_id, name, email) VALUES ($1, $2, $3) RETURNING created_at",
)
TAKEN = Statement(
    "taken_of_user",
    ("bigint", "text"),
    """
    SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1),
           EXISTS (SELECT FROM registered_user WHERE lower(email) = lower($2))
    """,
)
GREATEST_ID = Statement("greatest_user_id", (), "SELECT coalesce(max(user_id), 0) FROM registered_user")
# Whoever has an event has a clock. In the list of columns the series is made as far as it is read, and no further;
# and an EXISTS might be turned into a join with everybody's clocks, which this comparison cannot.
FIRST_WITHOUT_EVENTS = Statement(
    "first_user_id_without_events",
    ("bigint", "bigint"),
    """
    SELECT candidate.id FROM (SELECT generate_series($1, $2) AS id) AS candidate
    WHERE (SELECT user_id FROM user_clock WHERE user_id = candidate.id) IS NULL LIMIT 1
    """,
)
USERS_AFTER = Statement(
    "users_after",
    ("bigint", "bigint"),
    "SELECT user_id, name, email, created_at FROM registered_user WHERE user_id > $1 ORDER BY user_id LIMIT $2",
)

Row = tuple[int, str, str, datetime]


class UserQueries:
    """The questions about users that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_registered(self, user_id: int) -> bool:
        """Is the user in the register?"""
        [(registered,)] = self._transaction.fetch(IS_REGISTERED, user_id)
        return bool(registered)

    def close_to_others(self) -> None:
        """Let nobody else register a user until the end; events and readers go on."""
        self._transaction.write(LOCK)

    def taken_by_others(self, user: NewUser) -> list[str]:
        """Which of its id and its email does a registered user have already?"""
        [taken] = self._transaction.fetch(TAKEN, user.user_id, user.email)
        return [name for name, is_taken in zip(("user_id", "email"), taken, strict=True) if is_taken]

    def greatest_id(self) -> int:
        """Which is the greatest id in the register? Of an empty one: 0."""
        [(user_id,)] = self._transaction.fetch(GREATEST_ID)
        return int(user_id)

    def first_id_without_events(self, least: int, greatest: int) -> int | None:
        """Which is the first id from `least` to `greatest` under which no event was ever stored, if there is one?"""
        rows = self._transaction.fetch(FIRST_WITHOUT_EVENTS, least, greatest)
        return int(rows[0][0]) if rows else None

    def register(self, user_id: int, user: NewUser) -> RegisteredUser:
        """Add the user; id and email must be free."""
        [(created_at,)] = self._transaction.fetch(REGISTER, user_id, user.name, user.email)
        return RegisteredUser(user_id=user_id, name=user.name, email=user.email, created_at=created_at)

    def register_if_new(self, user: NewUser) -> None:
        """Add the user; one whose id or email is there already is left as it is."""
        self._transaction.write(REGISTER_IF_NEW, user.user_id, user.name, user.email)

    def users_after(self, user_id: int, most: int) -> Sequence[RegisteredUser]:
        """Which users come after this id? In the order of their ids."""
        rows: Sequence[Row] = self._transaction.fetch(USERS_AFTER, user_id, most)
        return [RegisteredUser(user_id=id_, name=name, email=email, created_at=at) for id_, name, email, at in rows]
