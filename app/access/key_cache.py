"""The keys as one process knows them, so that no request waits for their table."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from threading import BoundedSemaphore, Lock

from app.access.domain import ApiKey, digest_of, prefix_of
from app.access.queries import KeyQueries
from lib.database import Database
from lib.transactions import Locked, Unavailable

OLDEST = 5.0  # seconds that a copy may be old, so that a revocation is honoured within them
LONGEST_LOOK = 1.0
A_MOMENT = 0.3
NEW_KEYS_AFTER = 0.25  # a key that is not known may just have been made
AFTER_A_FAILURE = 2.0
MOST_STRANGERS = 2  # requests that may look for their key at a time; the others are not kept waiting by them


LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Copy:
    """What the table held at a moment of `time.monotonic`, which the database's clock called `now`."""

    read_at: float = float("-inf")
    now: datetime = LONG_AGO
    keys: Mapping[str, ApiKey] = field(default_factory=dict)

    def find(self, secret_key: str) -> ApiKey | None:
        """Return the key, revoked and expired ones as well; None where there is no such key."""
        key = self.keys.get(prefix_of(secret_key))
        return key if key and compare_digest(key.digest, digest_of(secret_key)) else None

    def state(self, key: ApiKey) -> str:
        """Say in a word whether a key is of use, by the database's clock."""
        if key.expires_at is None:
            return key.state(self.now)
        return key.state(self.now + timedelta(seconds=time.monotonic() - self.read_at))

    def without(self, ids: Collection[int], seen_at: float) -> "Copy":
        """Return the copy without some keys, as good as if it had been read at that moment."""
        kept = {prefix: key for prefix, key in self.keys.items() if key.id not in ids}
        return Copy(seen_at, self.now + timedelta(seconds=seen_at - self.read_at), kept)


class KeyCache:
    """A copy of the keys that are of use, never older than 5 seconds when it lets somebody in.

    So a request costs a look into a dictionary, and one with a wrong key hardly more. `look` is called by one thread
    every few seconds (app.access.bookkeeper), while requests use what is there. Where the table cannot be read, nobody
    can tell what was revoked, and nobody is let in (A21); where only somebody holds its lock, the audit tells it.
    """

    def __init__(self, database: Database, max_age: timedelta | None = None) -> None:
        self._database = database
        self._max_age = max_age
        self._copy = Copy()
        self._began_at = self._done_at = float("-inf")  # the last look, whatever came of it
        self._pause = NEW_KEYS_AFTER
        self._cause = ""  # why the last look failed
        self._looking = Lock()
        self._strangers = BoundedSemaphore(MOST_STRANGERS)

    def authenticate(self, secret_key: str, *, oldest: float = OLDEST) -> ApiKey | None:
        """Return the key, revoked and expired ones as well; None when it is not known here.

        Waits for nothing but the very first look. Raises `Unavailable` where what is known is older than `oldest`.
        """
        age = time.monotonic() - self._copy.read_at
        if age > oldest:
            self._catch_up(oldest)
        return self._copy.find(secret_key)

    def look_for(self, secret_key: str) -> ApiKey | None:
        """Look whether a key has just been made; a flood of such costs four reads a second, and two threads at most."""
        if self._strangers.acquire(blocking=False):
            try:
                self._look_after(time.monotonic())
            finally:
                self._strangers.release()
        return self._copy.find(secret_key)

    def state(self, key: ApiKey) -> str:
        """Say in a word whether a key is of use."""
        return self._copy.state(key)

    def look(self) -> None:
        """Read the keys; what cannot be read leaves what is known, and makes it older."""
        with self._looking:
            self._look()

    def _catch_up(self, oldest: float) -> None:
        """Read what is too old, since the thread could not or did not yet; others wait a moment for whoever does."""
        asked_at = time.monotonic()
        if self._looking.acquire(timeout=LONGEST_LOOK if self._copy.read_at == float("-inf") else A_MOMENT):
            try:
                if asked_at - self._done_at > self._pause:  # below zero where somebody looked while we waited
                    self._look()
            finally:
                self._looking.release()
        if time.monotonic() - self._copy.read_at > oldest:
            raise Unavailable(f"the keys cannot be read: {self._cause}")

    def _look_after(self, asked_at: float) -> None:
        """Look, unless somebody did only just, or began to since we asked."""
        if asked_at - self._done_at < self._pause:
            return
        with self._looking:
            if self._began_at < asked_at:
                self._look()

    def _look(self) -> None:
        self._began_at = began = time.monotonic()
        try:
            self._copy = self._read(began)
            self._pause = NEW_KEYS_AFTER
        except Locked as error:
            self._failed(error)
            self._forget_revoked(began)
        except Unavailable as error:
            self._failed(error)
        finally:
            self._done_at = time.monotonic()

    def _failed(self, error: Unavailable) -> None:
        self._pause, self._cause = AFTER_A_FAILURE, str(error)

    def _read(self, began: float) -> Copy:
        with self._database.transaction(deadline=LONGEST_LOOK, trial=True) as current:
            keys = KeyQueries(current)
            keys.wait_shortly()
            now, in_use = keys.in_use()
        known = {key.prefix: key.no_older_than(self._max_age) for key in in_use}
        return Copy(began, now or self._copy.now, known)

    def _forget_revoked(self, began: float) -> None:
        """While a lock holds everybody off the table, no key is revoked; learn of those that were just before it."""
        if not self._copy.keys:
            return
        try:
            with self._database.transaction(deadline=LONGEST_LOOK, trial=True) as current:
                keys = KeyQueries(current)
                keys.wait_shortly()
                self._copy = self._copy.without(keys.lately_revoked(), began)
        except Unavailable as error:
            self._failed(error)
