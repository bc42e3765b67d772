"""The use cases of keys: make, list, revoke, and recognise one at every request."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from threading import Lock

from app.access.domain import ApiKey, KeyHasOwner, Scope, digest_of, key_meant, new_secret_key, prefix_of
from app.access.queries import KeyQueries
from lib.database import Database
from lib.transactions import Unavailable

# How old the known keys may be, in seconds, so that a revocation is honoured within 5.
REREAD_AFTER = 2.0  # one request reads them again while the others go on
WAIT_AFTER = 4.0  # from here on the others wait for that
OLDEST = 5.0
NEW_KEYS_AFTER = 0.25  # a key that is not known may just have been made


def create_key(
    database: Database,
    name: str,
    scopes: Collection[Scope],
    valid_for: timedelta | None,
    *,
    owner: str | None = None,
) -> str:
    """Make a key and return it; nobody can ever read it again."""
    secret_key = new_secret_key()
    now = datetime.now(UTC)
    key = ApiKey(
        prefix=prefix_of(secret_key),
        name=name,
        digest=digest_of(secret_key),
        scopes=frozenset(scopes),
        created_at=now,
        expires_at=now + valid_for if valid_for else None,
        owner=owner,
    )
    with database.transaction() as current:
        KeyQueries(current).add(key)
        current.commit()
    return secret_key


def list_keys(database: Database) -> Sequence[ApiKey]:
    """Return all keys, the oldest first; those that are of no use any more, too."""
    with database.transaction() as current:
        return KeyQueries(current).all()


def revoke_key(database: Database, beginning: str) -> ApiKey:
    """Let the key whose prefix begins so be of no use from now on, everywhere within 5 seconds, and return it.

    Raises `NoSuchKey`, and `AmbiguousKey` where several begin so.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = key_meant(beginning, keys.all())
        keys.revoke(key.prefix)
        current.commit()
    return key


def own_key(database: Database, beginning: str, owner: str) -> ApiKey:
    """Say whose the key is whose prefix begins so, once and for all (A46), and return it.

    Raises `NoSuchKey`, `AmbiguousKey`, and `KeyHasOwner` where that was said before.
    """
    with database.transaction() as current:
        keys = KeyQueries(current)
        key = key_meant(beginning, keys.all())
        if not keys.own(key.prefix, owner):
            raise KeyHasOwner(f"{key.prefix} ({key.name}) is {key.owner}'s already")
        current.commit()
    return key


class KeyRing:
    """The keys as one process knows them: a copy of their small table, never older than 5 seconds.

    So a request costs a look into a dictionary, and one with a wrong key costs no more. Where the table cannot be
    read any more, nobody can tell what was revoked, and nobody is let in. It is only ever read here, so whoever holds
    a row of it delays no request.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: Mapping[str, ApiKey] = {}
        self._read_at = self._failed_at = float("-inf")  # of `time.monotonic`
        self._cause = ""  # why it could not be read
        self._lock = Lock()

    def recognise(self, secret_key: str, *, oldest: float = OLDEST) -> ApiKey | None:
        """Return the key, revoked and expired ones as well; None when there is no such key.

        Raises `Unavailable` where the keys cannot be read and what is known of them is older than `oldest` seconds.
        """
        prefix = prefix_of(secret_key)
        key = self._known(REREAD_AFTER, oldest).get(prefix) or self._known(NEW_KEYS_AFTER, oldest).get(prefix)
        if key is None or not compare_digest(key.digest, digest_of(secret_key)):
            return None
        return key

    def _known(self, reread_after: float, oldest: float) -> Mapping[str, ApiKey]:
        asked_at = time.monotonic()
        age = asked_at - self._read_at
        if age > reread_after and self._lock.acquire(blocking=age > WAIT_AFTER or reread_after < REREAD_AFTER):
            try:
                self._read_again(asked_at, reread_after, oldest)
            finally:
                self._lock.release()
        return self._keys

    def _read_again(self, asked_at: float, reread_after: float, oldest: float) -> None:
        """Read the keys, unless another request just did, or could not: who waited for it need not try in turn."""
        now = time.monotonic()
        if now - self._read_at <= reread_after:
            return
        if self._failed_at < asked_at:
            try:
                self._keys = self._read()
            except Unavailable as error:
                self._failed_at, self._cause = time.monotonic(), str(error)
            else:
                self._read_at = now  # when we began: a revocation after that may be missing
                return
        if now - self._read_at > oldest:
            raise Unavailable(self._cause)

    def _read(self) -> Mapping[str, ApiKey]:
        with self._database.transaction() as current:
            return {key.prefix: key for key in KeyQueries(current).all()}
