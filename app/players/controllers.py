"""The use cases of the register."""

from collections.abc import Iterable, Iterator, Sequence

from app.players.domain import DuplicateUser, NewUser, NoFreeUserId, RegisteredUser, UsersAsked
from app.players.queries import UserQueries
from lib.database import Database
from lib.fields import BIGINT_MAX
from lib.keyset import MAX_PAGE_SIZE, page_of

LONGEST_SEARCH = 100_000  # ids that may have events and no entry in the register, one after the other


def seed(database: Database, users: Iterable[NewUser]) -> None:
    """Register the users that are not there yet, all or none."""
    with database.transaction() as current:
        register = UserQueries(current)
        register.lock()
        for user in users:
            register.register_if_new(user)
        current.commit()


def add_user(database: Database, user: NewUser) -> RegisteredUser:
    """Register a user, under the next free id where none is given.

    Raises `DuplicateUser` or `NoFreeUserId`, which leave no trace. One after the other: who looks for a free id must
    not find the one that another is just taking.
    """
    with database.transaction() as current:
        register = UserQueries(current)
        register.lock()
        if taken := register.taken_by_others(user):
            raise DuplicateUser(taken)
        user_id = _next_free_id(register) if user.user_id is None else user.user_id
        registered = register.register(user_id, user)
        current.commit()
    return registered


def _next_free_id(register: UserQueries) -> int:
    """Return the least id above all in the register under which no event is stored (A23)."""
    greatest = register.greatest_id()
    last = min(greatest + LONGEST_SEARCH, BIGINT_MAX)
    user_id = register.first_id_without_events(greatest + 1, last) if greatest < BIGINT_MAX else None
    if user_id is None:
        raise NoFreeUserId(greatest)
    return user_id


def users_of(database: Database, asked: UsersAsked) -> tuple[Sequence[RegisteredUser], int | None]:
    """Return a page of the register in the order of ids, and after which id the next one begins if there is one."""
    with database.transaction() as current:
        found = UserQueries(current).players_after(asked.after, asked.limit + 1)
    return page_of(found, asked.limit, lambda user: user.user_id)


def all_users(database: Database) -> Iterator[RegisteredUser]:
    """Walk through the whole register in the order of ids, page by page."""
    after: int | None = 0
    while after is not None:
        users, after = users_of(database, UsersAsked(limit=MAX_PAGE_SIZE, after=after))
        yield from users
