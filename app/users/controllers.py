"""The use cases of the register."""

from collections.abc import Iterable

from app.users.domain import RegisteredUser
from app.users.queries import UserQueries
from lib.database import Database


def seed(database: Database, users: Iterable[RegisteredUser]) -> None:
    """Register the users that are not there yet, all or none."""
    with database.transaction() as current:
        register = UserQueries(current)
        for user in users:
            register.register(user)
        current.commit()
