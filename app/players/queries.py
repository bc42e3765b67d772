"""The questions that are asked of the register."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, func, insert, select
from sqlalchemy.dialects import postgresql

from app.players.domain import NewUser, RegisteredUser
from app.players.models import RegisteredUserRow as Player
from lib.transactions import Statement, Transaction

# Whoever looks for a free id must not find the one that another transaction is just taking. A lock of the table would
# take the privilege to change whole rows.
REGISTER_LOCK = 7311030300125
# Asked at every event where only registered players' events are taken, so prepared.
IS_REGISTERED = Statement(
    "is_registered", ("bigint",), "SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1)"
)
# Whoever has an event has a clock. In the list of columns the series is made as far as it is read, and no further; and
# an EXISTS might be turned into a join with everybody's clocks, which this comparison cannot.
FIRST_WITHOUT_EVENTS = Statement(
    "first_user_id_without_events",
    ("bigint", "bigint"),
    """
    SELECT candidate.id FROM (SELECT generate_series($1, $2) AS id) AS candidate
    WHERE (SELECT user_id FROM user_clock WHERE user_id = candidate.id) IS NULL LIMIT 1
    """,
)
COLUMNS = (Player.user_id, Player.name, Player.email, Player.created_at)


class UserQueries:
    """The questions about registered players that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_registered(self, user_id: int) -> bool:
        """Is the player in the register?"""
        [(registered,)] = self._transaction.fetch(IS_REGISTERED, user_id)
        return bool(registered)

    def lock(self) -> None:
        """Let nobody else register a player until the end; events and readers go on."""
        self._transaction.execute(select(func.pg_advisory_xact_lock(REGISTER_LOCK)))

    def taken_by_others(self, user: NewUser) -> list[str]:
        """Which of the id and the email does a registered player have already?"""
        same_email = func.lower(Player.email) == func.lower(user.email)
        [taken] = self._transaction.execute(
            select(exists().where(Player.user_id == user.user_id), exists().where(same_email))
        )
        return [name for name, is_taken in zip(("user_id", "email"), taken, strict=True) if is_taken]

    def greatest_id(self) -> int:
        """Which is the greatest id in the register? Of an empty one: 0."""
        return self._transaction.execute(select(func.max(Player.user_id))).scalar_one() or 0

    def first_id_without_events(self, least: int, greatest: int) -> int | None:
        """Which is the first id from `least` to `greatest` under which no event was ever stored, if there is one?"""
        rows = self._transaction.fetch(FIRST_WITHOUT_EVENTS, least, greatest)
        return int(rows[0][0]) if rows else None

    def register(self, user_id: int, user: NewUser) -> RegisteredUser:
        """Add the player; id and email must be free."""
        new = insert(Player).values(user_id=user_id, name=user.name, email=user.email).returning(*COLUMNS)
        return _player(self._transaction.execute(new).one())

    def register_if_new(self, user: NewUser) -> None:
        """Add the player; one whose id or email is there already is left as it is."""
        new = postgresql.insert(Player).values(user_id=user.user_id, name=user.name, email=user.email)
        self._transaction.execute(new.on_conflict_do_nothing())

    def players_after(self, user_id: int, limit: int) -> Sequence[RegisteredUser]:
        """Which players come after this id? In the order of their ids."""
        found = select(*COLUMNS).where(Player.user_id > user_id).order_by(Player.user_id).limit(limit)
        return [_player(row) for row in self._transaction.execute(found)]


def _player(row: Row[Any]) -> RegisteredUser:
    return RegisteredUser(user_id=row.user_id, name=row.name, email=row.email, created_at=row.created_at)
