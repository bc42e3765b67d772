"""The use cases of keys: create, list, show, rotate and revoke them, and name their owner."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.domain import (
    ApiKey,
    InactiveKey,
    KeyExists,
    KeyHasOwner,
    KeyHistory,
    KeyList,
    KeyStep,
    LifetimeTooLong,
    Scope,
    digest_of,
    find_key,
    new_secret_key,
    prefix_of,
)
from app.access.queries import KeyQueries
from lib.database import Database
from lib.logs import get_logger

log = get_logger()

NOBODY = "unknown"  # the creator, where a program does not say who it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A new key, and the older one that it replaces, which expires at `older_ends_at`."""

    secret_key: str
    older: ApiKey
    older_ends_at: datetime


def create_key(  # noqa: PLR0913  # all that a key has
    database: Database,
    name: str,
    scopes: Collection[Scope],
    valid_for: timedelta | None,
    *,
    owner: str | None = None,
    max_age: timedelta | None = None,
    who: str = NOBODY,
    prefix: str | None = None,
) -> str:
    """Make a key and return it; nobody can ever read it again.

    `max_age` is the longest lifetime, and the default; raises `LifetimeTooLong` if `valid_for` exceeds it. `prefix` is
    a random one unless it is given; raises `KeyExists` if a key has it.
    """
    if max_age and valid_for and valid_for > max_age:
        raise LifetimeTooLong
    with database.transaction() as current:
        secret_key, key_id = _add(
            KeyQueries(current), name, scopes, valid_for or max_age, owner=owner, who=who, prefix=prefix
        )
        KeyQueries(current).record(KeyStep.CREATE, key_id, who)
        current.commit()
    log.info("key created", key_id=key_id, key_prefix=prefix_of(secret_key), key_name=name, who=who)
    return secret_key


def _add(  # noqa: PLR0913  # as above
    keys: KeyQueries,
    name: str,
    scopes: Iterable[str],
    valid_for: timedelta | None,
    *,
    owner: str | None,
    who: str,
    prefix: str | None,
) -> tuple[str, int]:
    secret_key = new_secret_key(prefix)
    key_id = keys.add(
        prefix=prefix_of(secret_key),
        name=name,
        digest=digest_of(secret_key),
        scopes=scopes,
        valid_for=valid_for,
        created_by=who,
        owner=owner,
    )
    if key_id is None:
        raise KeyExists(prefix_of(secret_key))
    return secret_key, key_id


def list_keys(database: Database, max_age: timedelta | None = None) -> KeyList:
    """Return all keys, revoked and expired ones too, and the last refusals of each."""
    with database.transaction() as current:
        keys = KeyQueries(current)
        known = [key.expiring_within(max_age) for key in keys.all()]
        return KeyList(keys=known, now=keys.now(), refused=keys.refusals_of_all())


def show_key(database: Database, beginning: str, max_age: timedelta | None = None) -> KeyHistory:
    """Return the key whose prefix starts with `beginning`, its history, and its last refusals.

    Raises `NoSuchKey`, or `AmbiguousKey` if several do.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        now = keys.now()
        key = find_key(beginning, keys.all(), now).expiring_within(max_age)
        return KeyHistory(
            key=key,
            state=key.state(now),
            events=keys.steps(key.id),
            refusals=keys.refusals(key.id),
        )


def rotate_key(  # noqa: PLR0913  # as above
    database: Database,
    beginning: str,
    overlap: timedelta,
    *,
    max_age: timedelta | None = None,
    who: str = NOBODY,
    prefix: str | None = None,
) -> Rotation:
    """Make a key with the name, owner, scopes and lifetime of an older one, which expires after the `overlap`.

    Raises `NoSuchKey`, `AmbiguousKey`, or `InactiveKey` if the older one is revoked or expired; `prefix` as above.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        now = keys.now()
        older = find_key(beginning, keys.all(), now)
        state = older.expiring_within(max_age).state(now)
        if state != "valid":
            raise InactiveKey(f"{older.prefix} ({older.name}) is {state}")
        lifetime = _lifetime(older, max_age)
        secret_key, key_id = _add(keys, older.name, older.scopes, lifetime, owner=older.owner, who=who, prefix=prefix)
        keys.record(KeyStep.ROTATE, key_id, who, replaces=older.id)
        ends_at = keys.expire_after(older.id, overlap)
        current.commit()
    log.info("key rotated", key_id=key_id, key_prefix=prefix_of(secret_key), replaces=older.prefix, who=who)
    return Rotation(secret_key=secret_key, older=older, older_ends_at=ends_at)


def _lifetime(key: ApiKey, max_age: timedelta | None) -> timedelta | None:
    """Return how long a replacement is valid: as long as the key that it replaces was meant to be."""
    own = key.expires_at - key.created_at if key.expires_at else max_age
    return min(own, max_age) if own and max_age else own


def revoke_key(database: Database, beginning: str, *, who: str = NOBODY) -> ApiKey:
    """Revoke the key whose prefix starts with `beginning`, everywhere within 5 seconds, and return it.

    Raises `NoSuchKey`, or `AmbiguousKey` if several do.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = find_key(beginning, keys.all(), keys.now())
        if keys.revoke(key.prefix, who):
            keys.record(KeyStep.REVOKE, key.id, who)
        current.commit()
    log.info("key revoked", key_id=key.id, key_prefix=key.prefix, key_name=key.name, who=who)
    return key


def set_owner(database: Database, beginning: str, owner: str, *, who: str = NOBODY) -> ApiKey:
    """Set the owner of the key whose prefix starts with `beginning`, for good (A46); return the key as it was before.

    Raises `NoSuchKey`, `AmbiguousKey`, or `KeyHasOwner` if it has one already.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = find_key(beginning, keys.all(), keys.now())
        if not keys.own(key.id, owner):
            raise KeyHasOwner(f"{key.prefix} ({key.name}) belongs to {key.owner} already")
        keys.record(KeyStep.OWN, key.id, who)
        current.commit()
    log.info("key owned", key_id=key.id, key_prefix=key.prefix, key_name=key.name, owner=owner, who=who)
    return key
