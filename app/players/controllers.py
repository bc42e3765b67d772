"""The use cases of the register."""

from collections.abc import Iterable, Iterator, Sequence

from app.players.domain import (
    Actor,
    ChangesQuery,
    DuplicateUser,
    NewPlayer,
    NoFreeUserId,
    NotRegistered,
    PageQuery,
    PlayerChange,
    PlayerMoved,
    PlayerUpdate,
    RegisteredPlayer,
)
from app.players.queries import PlayerQueries
from app.players.updating import Register, Updated
from lib.database import Database
from lib.fields import BIGINT_MAX
from lib.keyset import MAX_PAGE_SIZE, page_of

UpdateResult = Updated | DuplicateUser | NotRegistered

MAX_IDS_TRIED = 100_000  # consecutive ids that may have events although they are not registered


def seed(database: Database, players: Iterable[NewPlayer]) -> None:
    """Register those players who are not registered yet, all or none."""
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        for player in players:
            register.register_if_new(player)
        current.commit()


def register_player(database: Database, player: NewPlayer, actor: Actor) -> RegisteredPlayer:
    """Register a player, under the next free id if none is given.

    Groups are the first change of the player, by `actor`. Raises `DuplicateUser` or `NoFreeUserId`, which leave no
    trace. A lock lets in one registration at a time, so that no search finds an id that another registration is just
    taking.
    """
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        if taken := register.taken_by_others(player):
            raise DuplicateUser(taken)
        user_id = _next_free_id(register) if player.user_id is None else player.user_id
        registered = register.register(user_id, player)
        if player.groups:
            register.set_groups(user_id, player.groups, actor)
            registered = register.player(user_id)
        current.commit()
    return registered


def _next_free_id(register: PlayerQueries) -> int:
    """Return the least id above all registered ones under which no event is stored (A23)."""
    greatest = register.greatest_id()
    last = min(greatest + MAX_IDS_TRIED, BIGINT_MAX)
    user_id = register.first_id_without_events(greatest + 1, last) if greatest < BIGINT_MAX else None
    if user_id is None:
        raise NoFreeUserId(greatest)
    return user_id


def read_page(database: Database, query: PageQuery) -> tuple[Sequence[RegisteredPlayer], int | None]:
    """Return a page of the register in the order of ids, and the id after which the next page begins, if any."""
    with database.transaction() as current:
        found = PlayerQueries(current).players_after(query, query.limit + 1)
    return page_of(found, query.limit, lambda player: player.user_id)


def all_players(database: Database) -> Iterator[RegisteredPlayer]:
    """Walk through the whole register in the order of ids, page by page."""
    after: int | None = 0
    while after is not None:
        players, after = read_page(database, PageQuery(limit=MAX_PAGE_SIZE, after=after))
        yield from players


def change_player(
    database: Database, update: PlayerUpdate, actor: Actor, *, seen: int | None = None
) -> RegisteredPlayer:
    """Change a registered player; what is so already is no change.

    `seen` is the version that somebody looked at, if it matters. Raises `NotRegistered`, `DuplicateUser` or
    `PlayerMoved`, which leave no trace.
    """
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        [result] = _decide(register, Register(), [update], may_register=False)
        if not isinstance(result, Updated):
            raise result
        if seen is not None and result.changes and (meanwhile := register.changes_since(update.user_id, seen)):
            raise PlayerMoved(update.user_id, meanwhile)
        register.keep(result, actor)
        changed = register.player(update.user_id)
        current.commit()
    return changed


def update_players(database: Database, updates: Sequence[PlayerUpdate], actor: Actor) -> list[UpdateResult]:
    """Change players, and register those who are not; in one transaction, each refused by itself."""
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        results = _decide(register, Register(), updates, may_register=True)
        for result in results:
            if isinstance(result, Updated):
                register.keep(result, actor)
        current.commit()
    return results


def try_updates(database: Database, known: Register, updates: Sequence[PlayerUpdate]) -> list[UpdateResult]:
    """Tell what updates would do after those that `known` has seen; store nothing."""
    with database.transaction() as current:
        return _decide(PlayerQueries(current), known, updates, may_register=True)


def _decide(
    register: PlayerQueries, known: Register, updates: Sequence[PlayerUpdate], *, may_register: bool
) -> list[UpdateResult]:
    """Decide about updates in their order, each after those before it."""
    if emails := known.unknown_emails(updates):
        known.learn_owners(emails, register.owners(emails))
    if ids := known.unknown_ids(updates):
        known.learn(ids, register.known(ids))
    return [_decided(known, each, may_register=may_register) for each in updates]


def _decided(known: Register, update: PlayerUpdate, *, may_register: bool) -> UpdateResult:
    try:
        return known.update(update, may_register=may_register)
    except (DuplicateUser, NotRegistered) as refused:
        return refused


def changes_of(database: Database, user_id: int, query: ChangesQuery) -> tuple[Sequence[PlayerChange], int | None]:
    """Return a page of the changes of a player, newest first, and the version before which the next page begins."""
    with database.transaction() as current:
        found = PlayerQueries(current).changes(user_id, before=query.before, limit=query.limit + 1)
    return page_of(found, query.limit, lambda change: change.version)


def all_changes(database: Database, user_id: int) -> Iterator[PlayerChange]:
    """Walk through all changes of a player, newest first, page by page."""
    before: int | None = None
    while True:
        changes, before = changes_of(database, user_id, ChangesQuery(limit=MAX_PAGE_SIZE, before=before))
        yield from changes
        if before is None:
            return
