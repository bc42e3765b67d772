"""Registered users, as plain values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be registered; without a `user_id` the next free one is given (A23)."""

    user_id: int | None = None
    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredUser:
    """A user whom the platform has made known; `email` is unique without regard to case."""

    user_id: int
    name: str
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersAsked:
    """Which users: at most `limit`, with an id above `after`."""

    limit: int
    after: int = 0


class DuplicateUser(Exception):
    """Another user has this id, this email (without regard to case), or both; `errors` says which."""

    def __init__(self, taken: Collection[str]) -> None:
        super().__init__(f"another user has this {' and this '.join(taken)}: give another, or leave user_id out")
        self.errors = {name: ["Is taken by another user."] for name in taken}


class NoFreeUserId(Exception):
    """There is no id to give to a user who came without one: none is free above the greatest in the register."""

    def __init__(self, greatest: int) -> None:
        super().__init__(f"no free user_id was found above {greatest}; give the user a user_id")


# The users of the README's examples (A15).
SAMPLE_USERS = (
    NewUser(user_id=1, name="Ada Sample", email="ada@example.com"),
    NewUser(user_id=2, name="Ben Sample", email="ben@example.com"),
    NewUser(user_id=3, name="Cleo Sample", email="cleo@example.com"),
    NewUser(user_id=4, name="Dan Sample", email="dan@example.com"),
)
