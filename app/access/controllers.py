"""The use cases of keys: make, list, show, rotate, revoke, and say whose one is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.domain import (
    ApiKey,
    KeyHasOwner,
    KeyHistory,
    KeyList,
    KeyStep,
    Scope,
    TooLongLived,
    UselessKey,
    digest_of,
    key_meant,
    new_secret_key,
    prefix_of,
)
from app.access.queries import KeyQueries
from lib.database import Database
from lib.logs import get_logger

log = get_logger()

NOBODY = "unknown"  # where a program that makes keys does not say who asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A new key in place of an older one, which ends at that moment."""

    secret_key: str
    older: ApiKey
    older_ends_at: datetime


def create_key(  # noqa: PLR0913  # what is to be known of a key
    database: Database,
    name: str,
    scopes: Collection[Scope],
    valid_for: timedelta | None,
    *,
    owner: str | None = None,
    max_age: timedelta | None = None,
    who: str = NOBODY,
) -> str:
    """Make a key and return it; nobody can ever read it again.

    With a `max_age` a key ends by then at the latest, and `TooLongLived` is raised where it was to be valid for longer.
    """
    if max_age and valid_for and valid_for > max_age:
        raise TooLongLived
    with database.transaction() as current:
        secret_key, key_id = _add(KeyQueries(current), name, scopes, valid_for or max_age, owner=owner, who=who)
        KeyQueries(current).note(KeyStep.CREATE, key_id, who)
        current.commit()
    log.info("key created", key_id=key_id, key_prefix=prefix_of(secret_key), key_name=name, who=who)
    return secret_key


def _add(  # noqa: PLR0913  # as above
    keys: KeyQueries, name: str, scopes: Iterable[str], valid_for: timedelta | None, *, owner: str | None, who: str
) -> tuple[str, int]:
    secret_key = new_secret_key()
    key_id = keys.add(
        prefix=prefix_of(secret_key),
        name=name,
        digest=digest_of(secret_key),
        scopes=scopes,
        valid_for=valid_for,
        created_by=who,
        owner=owner,
    )
    return secret_key, key_id


def list_keys(database: Database, max_age: timedelta | None = None) -> KeyList:
    """Return all keys, those of no use any more as well, and when each was refused last."""
    with database.transaction() as current:
        keys = KeyQueries(current)
        known = [key.no_older_than(max_age) for key in keys.all()]
        return KeyList(keys=known, now=keys.now(), refused=keys.last_refusals())


def show_key(database: Database, beginning: str, max_age: timedelta | None = None) -> KeyHistory:
    """Return the key whose prefix begins so, what was done with it, and its last refusals.

    Raises `NoSuchKey`, and `AmbiguousKey` where several begin so.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        now = keys.now()
        key = key_meant(beginning, keys.all(), now).no_older_than(max_age)
        return KeyHistory(
            key=key,
            state=key.state(now),
            events=keys.steps(key.id),
            refusals=keys.refusals(key.id),
        )


def rotate_key(
    database: Database, beginning: str, overlap: timedelta, *, max_age: timedelta | None = None, who: str = NOBODY
) -> Rotation:
    """Make a key with the name, owner, scopes and lifetime of an older one, which goes on for the `overlap` only.

    Raises `NoSuchKey`, `AmbiguousKey`, and `UselessKey` where the older one is revoked or expired.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        now = keys.now()
        older = key_meant(beginning, keys.all(), now)
        state = older.no_older_than(max_age).state(now)
        if state != "valid":
            raise UselessKey(f"{older.prefix} ({older.name}) is {state}")
        lifetime = _lifetime(older, max_age)
        secret_key, key_id = _add(keys, older.name, older.scopes, lifetime, owner=older.owner, who=who)
        keys.note(KeyStep.ROTATE, key_id, who, replaces=older.id)
        ends_at = keys.end_soon(older.id, overlap)
        current.commit()
    log.info("key rotated", key_id=key_id, key_prefix=prefix_of(secret_key), replaces=older.prefix, who=who)
    return Rotation(secret_key=secret_key, older=older, older_ends_at=ends_at)


def _lifetime(key: ApiKey, max_age: timedelta | None) -> timedelta | None:
    """Return how long a key that takes another's place is valid: as long as that one was to be."""
    own = key.expires_at - key.created_at if key.expires_at else max_age
    return min(own, max_age) if own and max_age else own


def revoke_key(database: Database, beginning: str, *, who: str = NOBODY) -> ApiKey:
    """Let the key whose prefix begins so be of no use from now on, everywhere within 5 seconds, and return it.

    Raises `NoSuchKey`, and `AmbiguousKey` where several begin so.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = key_meant(beginning, keys.all(), keys.now())
        if keys.revoke(key.prefix, who):
            keys.note(KeyStep.REVOKE, key.id, who)
        current.commit()
    log.info("key revoked", key_id=key.id, key_prefix=key.prefix, key_name=key.name, who=who)
    return key


def own_key(database: Database, beginning: str, owner: str, *, who: str = NOBODY) -> ApiKey:
    """Say whose the key is whose prefix begins so, once and for all (A46), and return it as it was before.

    Raises `NoSuchKey`, `AmbiguousKey`, and `KeyHasOwner` where that was said before.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = key_meant(beginning, keys.all(), keys.now())
        if not keys.own(key.id, owner):
            raise KeyHasOwner(f"{key.prefix} ({key.name}) is {key.owner}'s already")
        keys.note(KeyStep.OWN, key.id, who)
        current.commit()
    log.info("key owned", key_id=key.id, key_prefix=key.prefix, key_name=key.name, owner=owner, who=who)
    return key
