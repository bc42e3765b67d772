"""The queries about the register."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, exists, func, insert, select
from sqlalchemy.dialects import postgresql

from app.datastores import AdvisoryLock
from app.players.domain import NewPlayer, RegisteredPlayer
from app.players.models import RegisteredPlayerRow as Player
from lib.statements import Statement, array_literal
from lib.transactions import Transaction

# Prepared, since it runs at every event if only registered players are accepted.
IS_REGISTERED = Statement(
    "is_registered", ("bigint",), "SELECT EXISTS (SELECT FROM registered_user WHERE user_id = $1)"
)
REGISTERED = Statement("registered", ("bigint[]",), "SELECT user_id FROM registered_user WHERE user_id = ANY ($1)")
# Every player with an event has a clock. In the list of columns, the series is generated only as far as it is read. An
# EXISTS might become a join with the clocks of all players; this comparison cannot.
FIRST_WITHOUT_EVENTS = Statement(
    "first_user_id_without_events",
    ("bigint", "bigint"),
    """
    SELECT candidate.id FROM (SELECT generate_series($1, $2) AS id) AS candidate
    WHERE (SELECT user_id FROM user_clock WHERE user_id = candidate.id) IS NULL LIMIT 1
    """,
)
COLUMNS = (Player.user_id, Player.name, Player.email, Player.created_at)


class PlayerQueries:
    """The queries about registered players, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_registered(self, user_id: int) -> bool:
        """Tell whether the player is registered."""
        [(registered,)] = self._transaction.fetch(IS_REGISTERED, user_id)
        return bool(registered)

    def registered(self, user_ids: Iterable[int]) -> set[int]:
        """Return those of the players who are registered."""
        return {user_id for (user_id,) in self._transaction.fetch(REGISTERED, array_literal(user_ids))}

    def try_to_find(self) -> None:
        """Check that players can be looked up, without a player."""
        self._transaction.write(IS_REGISTERED, 0)

    def lock(self) -> None:
        """Block other registrations until the transaction ends; events and readers go on.

        Otherwise a search could find a free id that another transaction is just taking. A lock of the table would
        require the privilege to change whole rows.
        """
        self._transaction.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.REGISTER)))

    def taken_by_others(self, player: NewPlayer) -> list[str]:
        """Return which of "user_id" and "email" registered players have already."""
        same_email = func.lower(Player.email) == func.lower(player.email)
        [taken] = self._transaction.execute(
            select(exists().where(Player.user_id == player.user_id), exists().where(same_email))
        )
        return [name for name, is_taken in zip(("user_id", "email"), taken, strict=True) if is_taken]

    def greatest_id(self) -> int:
        """Return the greatest registered id; 0 if there is none."""
        return self._transaction.execute(select(func.max(Player.user_id))).scalar_one() or 0

    def first_id_without_events(self, least: int, greatest: int) -> int | None:
        """Return the first id from `least` to `greatest` under which no event was ever stored, if there is one."""
        rows = self._transaction.fetch(FIRST_WITHOUT_EVENTS, least, greatest)
        return int(rows[0][0]) if rows else None

    def register(self, user_id: int, player: NewPlayer) -> RegisteredPlayer:
        """Add the player; id and email must be free."""
        new = insert(Player).values(user_id=user_id, name=player.name, email=player.email).returning(*COLUMNS)
        return _player(self._transaction.execute(new).one())

    def register_if_new(self, player: NewPlayer) -> None:
        """Add the player, unless the id or the email is taken."""
        new = postgresql.insert(Player).values(user_id=player.user_id, name=player.name, email=player.email)
        self._transaction.execute(new.on_conflict_do_nothing())

    def players_after(self, user_id: int, limit: int) -> Sequence[RegisteredPlayer]:
        """Return the players with ids above this one, in the order of their ids."""
        found = select(*COLUMNS).where(Player.user_id > user_id).order_by(Player.user_id).limit(limit)
        return [_player(row) for row in self._transaction.execute(found)]


def _player(row: Row[Any]) -> RegisteredPlayer:
    return RegisteredPlayer(user_id=row.user_id, name=row.name, email=row.email, created_at=row.created_at)
