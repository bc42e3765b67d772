"""Registered players, as plain values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.rules.history import NO_GROUPS, Groups

MAX_PLAYERS = 1000  # of a request, and of a transaction of an import


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlayer:
    """A player to register; without a `user_id`, the next free one is assigned (A23)."""

    user_id: int | None = None
    name: str
    email: str
    groups: Groups = NO_GROUPS


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPlayer:
    """A player whom the platform has registered; `email` is unique, ignoring case. `version` counts the changes."""

    user_id: int
    name: str
    email: str
    created_at: datetime
    groups: Groups
    version: int


class Profile(NamedTuple):
    """What the platform says about a player."""

    name: str
    email: str
    groups: Groups = NO_GROUPS


class GroupsSeen(NamedTuple):
    """The groups that a player is in, and their version, 0 before any change; None: they are not needed (A56)."""

    version: int | None
    labels: Groups


UNSEEN = GroupsSeen(None, NO_GROUPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerUpdate:
    """What is to be true of a player from now on; what is None stays as it is."""

    user_id: int
    name: str | None = None
    email: str | None = None
    groups: Groups | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes players; for a command, `at_shell` is the operating system's user and host."""

    name: str
    at_shell: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerChange:
    """A change as it was recorded: what stood before, what stands since, by whom and when."""

    version: int
    before: Profile
    after: Profile
    changed_at: datetime
    changed_by: str
    at_shell: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesQuery:
    """A query for a page: at most `limit` changes of a player, with versions below `before`, newest first."""

    limit: int
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """A query for a page: at most `limit` players, with ids above `after`.

    `search` is the id of a player, or a part of the name or of the email, ignoring case; `group` is one that they are
    in. Empty: any.
    """

    limit: int
    after: int = 0
    search: str = ""
    group: str = ""


class DuplicateUser(Exception):
    """Another player has this id, this email (ignoring case), or both; `errors` says which."""

    def __init__(self, taken: Collection[str]) -> None:
        super().__init__(f"another player has this {' and this '.join(taken)}: give another, or leave user_id out")
        self.errors = {name: ["Belongs to another player."] for name in taken}


class NoFreeUserId(Exception):
    """No id can be assigned to a player who came without one: none was found above the greatest registered one."""

    def __init__(self, greatest: int) -> None:
        super().__init__(f"no free user_id was found above {greatest}; give the player a user_id")


class NotRegistered(Exception):
    """No such player is registered, so there is nothing to change."""

    def __init__(self, user_id: int, *, incomplete: bool = False) -> None:
        todo = "send the name and the email as well" if incomplete else "register the player first"
        super().__init__(f"player {user_id} is not registered; {todo}")


class PlayerMoved(Exception):
    """Others have changed a player since somebody looked; `meanwhile` says how, newest first."""

    def __init__(self, user_id: int, meanwhile: Sequence[PlayerChange]) -> None:
        super().__init__(f"player {user_id} was changed after the version that you name: read the player again")
        self.meanwhile = meanwhile


# The players of the README's examples (A15).
SAMPLE_PLAYERS = (
    NewPlayer(user_id=1, name="Ada Sample", email="ada@example.com"),
    NewPlayer(user_id=2, name="Ben Sample", email="ben@example.com"),
    NewPlayer(user_id=3, name="Cleo Sample", email="cleo@example.com"),
    NewPlayer(user_id=4, name="Dan Sample", email="dan@example.com"),
)
