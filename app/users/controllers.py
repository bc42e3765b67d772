"""The use cases of the register."""

from collections.abc import Iterable

from sqlalchemy import Engine

from app.users.domain import RegisteredUser
from app.users.queries import UserQueries
from lib.transactions import Transaction


def seed(engine: Engine, users: Iterable[RegisteredUser]) -> None:
    """Register the users that are not there yet, all or none."""
    with Transaction(engine) as current:
        register = UserQueries(current)
        for user in users:
            register.register(user)
        current.commit()
