"""The use cases of the register for people: those of its routes, for those whose roles allow it (A85)."""

from collections.abc import Sequence

from app.players import controllers
from app.players.domain import (
    Actor,
    ChangesQuery,
    DuplicateUser,
    NewPlayer,
    NotRegistered,
    PageQuery,
    PlayerChange,
    PlayerUpdate,
    RegisteredPlayer,
)
from app.players.pasted import PastedLine, take_lines
from app.players.queries import PlayerQueries
from app.players.services import PlayerServices
from app.players.updating import Register
from app.staff.permissions import Actor as Person
from app.staff.permissions import Permission
from lib.keyset import page_of
from lib.logs import get_logger

SHOWN_CHANGES = 20

log = get_logger()


def players(
    services: PlayerServices, person: Person, query: PageQuery
) -> tuple[Sequence[RegisteredPlayer], int | None]:
    """Return a page of the register, and the id after which the next one begins, if any; raises `NotPermitted`.

    Whoever sees it looks at each player of the page (A79).
    """
    person.require(Permission.USERS_WRITE)
    with services.database.transaction(trial=True) as current:
        found = PlayerQueries(current).players_after(query, query.limit + 1)
        shown, next_after = page_of(found, query.limit, lambda player: player.user_id)
        for each in shown:
            services.note_view(current, person, each.user_id)
        current.commit()
    log.info("personal data read", what="register", who=person.name, players=len(shown))
    return shown, next_after


def player(
    services: PlayerServices, person: Person, user_id: int, *, before: int | None = None
) -> tuple[RegisteredPlayer, Sequence[PlayerChange], int | None]:
    """Return a player, a page of the changes, newest first, and the version before which the next page begins, if any.

    Raises `NotRegistered` or `NotPermitted`.
    """
    person.require(Permission.USERS_WRITE)
    query = ChangesQuery(limit=SHOWN_CHANGES, before=before)
    with services.database.transaction(trial=True) as current:
        register = PlayerQueries(current)
        found = register.find(user_id)
        if found is None:
            raise NotRegistered(user_id)
        changes = register.changes(user_id, before=query.before, limit=query.limit + 1)
        services.note_view(current, person, user_id)
        current.commit()
    log.info("personal data read", what="player", who=person.name, user_id=user_id)
    return found, *page_of(changes, query.limit, lambda change: change.version)


def add(services: PlayerServices, person: Person, new: NewPlayer) -> RegisteredPlayer:
    """Register a player; the same again, as by a double click, returns the one who was registered.

    Raises `DuplicateUser`, `NoFreeUserId` or `NotPermitted`.
    """
    person.require(Permission.USERS_WRITE)
    try:
        return controllers.register_player(services.database, new, Actor(name=person.name))
    except DuplicateUser:
        if same := _registered_as(services, new):
            return same
        raise


def _registered_as(services: PlayerServices, new: NewPlayer) -> RegisteredPlayer | None:
    """Return the player who is registered exactly so."""
    with services.database.transaction(trial=True) as current:
        found = PlayerQueries(current).find_by_email(new.email)
    if found is None or new.user_id not in {None, found.user_id}:
        return None
    return found if (found.name, found.email, found.groups) == (new.name, new.email, new.groups) else None


def change(services: PlayerServices, person: Person, update: PlayerUpdate, *, seen: int | None) -> RegisteredPlayer:
    """Change a player as the person saw them at a version.

    Raises `PlayerMoved`, `NotRegistered`, `DuplicateUser` or `NotPermitted`.
    """
    person.require(Permission.USERS_WRITE)
    return controllers.change_player(services.database, update, Actor(name=person.name), seen=seen)


def paste(services: PlayerServices, person: Person, text: str, *, dry_run: bool) -> Sequence[PastedLine]:
    """Register and change the players of a text in the form of a CSV, each or none; return what became of each line.

    A dry run stores nothing. Raises `UnreadableFile` or `NotPermitted`.
    """
    person.require(Permission.USERS_WRITE)
    database, actor = services.database, Actor(name=person.name)
    if dry_run:
        return take_lines(text, lambda updates: controllers.try_updates(database, Register(), updates))
    return take_lines(text, lambda updates: controllers.update_players(database, updates, actor))
