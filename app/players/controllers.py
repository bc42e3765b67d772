"""The use cases of the register."""

from collections.abc import Iterable, Iterator, Sequence

from app.players.domain import DuplicateUser, NewPlayer, NoFreeUserId, PageQuery, RegisteredPlayer
from app.players.queries import PlayerQueries
from lib.database import Database
from lib.fields import BIGINT_MAX
from lib.keyset import MAX_PAGE_SIZE, page_of

MAX_IDS_TRIED = 100_000  # consecutive ids that may have events although they are not registered


def seed(database: Database, players: Iterable[NewPlayer]) -> None:
    """Register those players who are not registered yet, all or none."""
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        for player in players:
            register.register_if_new(player)
        current.commit()


def register_player(database: Database, player: NewPlayer) -> RegisteredPlayer:
    """Register a player, under the next free id if none is given.

    Raises `DuplicateUser` or `NoFreeUserId`, which leave no trace. A lock lets in one registration at a time, so that
    no search finds an id that another registration is just taking.
    """
    with database.transaction() as current:
        register = PlayerQueries(current)
        register.lock()
        if taken := register.taken_by_others(player):
            raise DuplicateUser(taken)
        user_id = _next_free_id(register) if player.user_id is None else player.user_id
        registered = register.register(user_id, player)
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
        found = PlayerQueries(current).players_after(query.after, query.limit + 1)
    return page_of(found, query.limit, lambda player: player.user_id)


def all_players(database: Database) -> Iterator[RegisteredPlayer]:
    """Walk through the whole register in the order of ids, page by page."""
    after: int | None = 0
    while after is not None:
        players, after = read_page(database, PageQuery(limit=MAX_PAGE_SIZE, after=after))
        yield from players
