"""The queries about the register."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, func, insert, or_, select
from sqlalchemy.dialects import postgresql

from app.datastores import AdvisoryLock
from app.players.domain import Actor, GroupsSeen, NewPlayer, PageQuery, PlayerChange, Profile, RegisteredPlayer
from app.players.models import PlayerChangeRow as Change
from app.players.models import RegisteredPlayerRow as Player
from app.players.updating import Known, Updated
from app.rules.history import NO_GROUPS, Groups
from lib.fields import BIGINT_MAX
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
GROUPS_NOW = Statement(
    "groups_now", ("bigint[]",), "SELECT user_id, version, groups FROM registered_user WHERE user_id = ANY ($1)"
)
REGISTER = Statement(
    "register_player",
    ("bigint", "text", "text"),
    "INSERT INTO registered_user (user_id, name, email) VALUES ($1, $2, $3)",
)
CHANGE = Statement(
    "change_player",
    ("bigint", "text", "text", "text[]", "text", "text"),
    "SELECT change_player($1, $2, $3, $4, $5, $6)",
)
CHANGE_COLUMNS = (
    *(Change.version, Change.old_name, Change.old_email, Change.old_groups),
    *(Change.new_name, Change.new_email, Change.new_groups, Change.changed_at, Change.changed_by, Change.at_shell),
)
MAX_MEANWHILE = 10  # changes
WHOLE_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
COLUMNS = (Player.user_id, Player.name, Player.email, Player.created_at, Player.groups, Player.version)


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

    def groups_now(self, user_ids: Sequence[int]) -> dict[int, GroupsSeen]:
        """Return the present groups of each player; who is not registered has none (A56)."""
        rows = self._transaction.fetch(GROUPS_NOW, array_literal(user_ids))
        found = {user_id: GroupsSeen(version, frozenset(labels)) for user_id, version, labels in rows}
        return {user_id: found.get(user_id, GroupsSeen(0, NO_GROUPS)) for user_id in user_ids}

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

    def known(self, user_ids: Sequence[int]) -> dict[int, Known]:
        """Return those of the players who are registered."""
        found = select(*COLUMNS).where(Player.user_id.in_(user_ids))
        return {
            row.user_id: Known(Profile(row.name, row.email, frozenset(row.groups)), row.version)
            for row in self._transaction.execute(found)
        }

    def owners(self, emails: Sequence[str]) -> dict[str, int]:
        """Return whose these emails are, which are in lower case, as those returned."""
        lower = func.lower(Player.email)
        found = select(lower.label("email"), Player.user_id).where(lower.in_(emails))
        return {row.email: row.user_id for row in self._transaction.execute(found)}

    def keep(self, updated: Updated, actor: Actor) -> None:
        """Register or change a player."""
        after = updated.after
        if updated.registers:
            self._transaction.write(REGISTER, updated.user_id, after.name, after.email)
        if updated.changes:
            self._change(updated.user_id, after.groups, actor, name=after.name, email=after.email)

    def set_groups(self, user_id: int, groups: Groups, actor: Actor) -> None:
        """Put a registered player into these groups alone."""
        self._change(user_id, groups, actor)

    def _change(
        self, user_id: int, groups: Groups, actor: Actor, *, name: str | None = None, email: str | None = None
    ) -> None:
        self._transaction.write(CHANGE, user_id, name, email, sorted(groups), actor.name, actor.at_shell)

    def player(self, user_id: int) -> RegisteredPlayer:
        """Return a registered player."""
        return _player(self._transaction.execute(select(*COLUMNS).where(Player.user_id == user_id)).one())

    def changes(self, user_id: int, *, before: int | None, limit: int) -> Sequence[PlayerChange]:
        """Return the last changes of a player with a version below `before`, newest first."""
        found = select(*CHANGE_COLUMNS).where(Change.user_id == user_id)
        if before is not None:
            found = found.where(Change.version < before)
        return list(_changes(self._transaction.execute(found.order_by(Change.version.desc()).limit(limit))))

    def changes_since(self, user_id: int, version: int) -> Sequence[PlayerChange]:
        """Return the changes of a player after a version, newest first, at most 10."""
        found = select(*CHANGE_COLUMNS).where(Change.user_id == user_id, Change.version > version)
        return list(_changes(self._transaction.execute(found.order_by(Change.version.desc()).limit(MAX_MEANWHILE))))

    def players_after(self, query: PageQuery, limit: int) -> Sequence[RegisteredPlayer]:
        """Return the players of a query, in the order of their ids."""
        found = select(*COLUMNS).where(Player.user_id > query.after, *_matching(query))
        return [_player(row) for row in self._transaction.execute(found.order_by(Player.user_id).limit(limit))]

    def find(self, user_id: int) -> RegisteredPlayer | None:
        """Return a player, if registered."""
        row = self._transaction.execute(select(*COLUMNS).where(Player.user_id == user_id)).one_or_none()
        return _player(row) if row else None

    def find_by_email(self, email: str) -> RegisteredPlayer | None:
        """Return the player with this email, ignoring case."""
        found = select(*COLUMNS).where(func.lower(Player.email) == func.lower(email))
        row = self._transaction.execute(found).one_or_none()
        return _player(row) if row else None


def _matching(query: PageQuery) -> Iterator[ColumnElement[bool]]:
    """Yield what a query asks of players; only an id and a whole email are found by an index."""
    if query.group:
        yield Player.groups.contains([query.group])
    if not (text := query.search.strip()):
        return
    if text.isascii() and text.isdigit():
        yield Player.user_id == int(text) if int(text) <= BIGINT_MAX else false()
    elif WHOLE_EMAIL.fullmatch(text):
        yield func.lower(Player.email) == func.lower(text)
    else:
        yield or_(Player.name.icontains(text, autoescape=True), Player.email.icontains(text, autoescape=True))


def _player(row: Row[Any]) -> RegisteredPlayer:
    return RegisteredPlayer(**{**row._mapping, "groups": frozenset(row.groups)})  # noqa: SLF001  # SQLAlchemy's public name for it


def _changes(rows: Iterable[Row[Any]]) -> Iterator[PlayerChange]:
    for row in rows:
        yield PlayerChange(
            version=row.version,
            before=Profile(row.old_name, row.old_email, frozenset(row.old_groups)),
            after=Profile(row.new_name, row.new_email, frozenset(row.new_groups)),
            changed_at=row.changed_at,
            changed_by=row.changed_by,
            at_shell=row.at_shell,
        )


def labels_in(text: str | None) -> Groups:
    """Return the groups in a text of the database, where spaces separate them."""
    return frozenset(text.split()) if text else NO_GROUPS
