"""What updates of players change, decided one after the other by what the register says: plain values (A57).

One copy of the register's part that they touch serves many updates, so that a thousand cost few round trips, and a dry
run sees what the updates before would have changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.players.domain import DuplicateUser, NotRegistered, PlayerUpdate, Profile


class Known(NamedTuple):
    """A registered player, and the version of what is known."""

    profile: Profile
    version: int = 0


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update does: register a player, or change one, or nothing, as `before` and `after` show."""

    user_id: int
    before: Profile | None
    after: Profile
    version: int

    @property
    def registers(self) -> bool:
        """Whether the player is new."""
        return self.before is None

    @property
    def changes(self) -> bool:
        """Whether it makes a version."""
        former = Profile(self.after.name, self.after.email) if self.before is None else self.before
        return former != self.after


@dataclass(slots=True)
class Register:
    """The part of the register that updates touch: players by id, and whose an email is, in lower case."""

    _players: dict[int, Known | None] = field(default_factory=dict)
    _owners: dict[str, int | None] = field(default_factory=dict)

    def unknown_ids(self, updates: Iterable[PlayerUpdate]) -> list[int]:
        """Return the players to look up before `update`."""
        return sorted({each.user_id for each in updates} - self._players.keys())

    def unknown_emails(self, updates: Iterable[PlayerUpdate]) -> list[str]:
        """Return the emails to look up before `update`, in lower case."""
        return sorted({each.email.lower() for each in updates if each.email} - self._owners.keys())

    def learn(self, ids: Iterable[int], players: Mapping[int, Known]) -> None:
        """Note who of these is registered."""
        self._players |= {user_id: players.get(user_id) for user_id in ids}

    def learn_owners(self, emails: Iterable[str], owners: Mapping[str, int]) -> None:
        """Note whose these emails are."""
        self._owners |= {email: owners.get(email) for email in emails}

    def update(self, update: PlayerUpdate, *, may_register: bool) -> Updated:
        """Decide about an update; raises `NotRegistered` or `DuplicateUser`, and then nothing changes."""
        known = self._players[update.user_id]
        after = _after(update, known, may_register=may_register)
        self._take_email(update, known)
        updated = Updated(update.user_id, known and known.profile, after, known.version if known else 0)
        if updated.changes:
            updated = Updated(update.user_id, updated.before, after, updated.version + 1)
        self._players[update.user_id] = Known(after, updated.version)
        return updated

    def _take_email(self, update: PlayerUpdate, known: Known | None) -> None:
        if update.email is None:
            return
        email = update.email.lower()
        if self._owners[email] not in {None, update.user_id}:
            raise DuplicateUser(["email"])
        if known and known.profile.email.lower() != email:
            self._owners[known.profile.email.lower()] = None
        self._owners[email] = update.user_id


def _after(update: PlayerUpdate, known: Known | None, *, may_register: bool) -> Profile:
    if known is not None:
        before = known.profile
        groups = before.groups if update.groups is None else update.groups
        return Profile(update.name or before.name, update.email or before.email, groups)
    if not may_register or update.name is None or update.email is None:
        raise NotRegistered(update.user_id, incomplete=may_register)
    return Profile(update.name, update.email, update.groups or frozenset())
