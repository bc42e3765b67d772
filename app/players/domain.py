"""Registered players, as plain values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlayer:
    """A player to register; without a `user_id`, the next free one is assigned (A23)."""

    user_id: int | None = None
    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPlayer:
    """A player whom the platform has registered; `email` is unique, ignoring case."""

    user_id: int
    name: str
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """A query for a page: at most `limit` players, with ids above `after`."""

    limit: int
    after: int = 0


class DuplicateUser(Exception):
    """Another player has this id, this email (ignoring case), or both; `errors` says which."""

    def __init__(self, taken: Collection[str]) -> None:
        super().__init__(f"another player has this {' and this '.join(taken)}: give another, or leave user_id out")
        self.errors = {name: ["Belongs to another player."] for name in taken}


class NoFreeUserId(Exception):
    """No id can be assigned to a player who came without one: none was found above the greatest registered one."""

    def __init__(self, greatest: int) -> None:
        super().__init__(f"no free user_id was found above {greatest}; give the player a user_id")


# The players of the README's examples (A15).
SAMPLE_PLAYERS = (
    NewPlayer(user_id=1, name="Ada Sample", email="ada@example.com"),
    NewPlayer(user_id=2, name="Ben Sample", email="ben@example.com"),
    NewPlayer(user_id=3, name="Cleo Sample", email="cleo@example.com"),
    NewPlayer(user_id=4, name="Dan Sample", email="dan@example.com"),
)
