"""The copy of the keys in each process, so that no request waits for their table."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from threading import BoundedSemaphore, Lock

from app.access.domain import ApiKey, digest_of, prefix_of
from app.access.queries import KeyQueries
from lib.database import Database
from lib.database_errors import Locked, Unavailable

# Seconds.
OLDEST = 5.0  # the greatest age of a copy, so that a revocation is honoured within that time
READ_TIMEOUT = 1.0
WAIT_FOR_READ = 0.3
NEW_KEY_PAUSE = 0.25  # an unknown key may just have been made
FAILURE_PAUSE = 2.0

MAX_LOOKUPS = 16  # requests at a time that may wait for the next reading, so that strangers take few threads
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Copy:
    """What the table held at `read_at` by `time.monotonic`, which was `now` by the database's clock."""

    read_at: float = float("-inf")
    now: datetime = LONG_AGO
    keys: Mapping[str, ApiKey] = field(default_factory=dict)

    def find(self, secret_key: str) -> ApiKey | None:
        """Return the key, revoked and expired ones too; None if there is none."""
        key = self.keys.get(prefix_of(secret_key))
        return key if key and compare_digest(key.digest, digest_of(secret_key)) else None

    def state(self, key: ApiKey) -> str:
        """Return "valid", "revoked" or "expired", by the database's clock."""
        if key.expires_at is None:
            return key.state(self.now)
        return key.state(self.now + timedelta(seconds=time.monotonic() - self.read_at))

    def without(self, ids: Collection[int], seen_at: float) -> "Copy":
        """Return the copy without some keys, as if it had been read at `seen_at`."""
        kept = {prefix: key for prefix, key in self.keys.items() if key.id not in ids}
        return Copy(seen_at, self.now + timedelta(seconds=seen_at - self.read_at), kept)


class KeyCache:
    """A copy of the keys in use, never older than 5 seconds when it admits a request.

    So a request costs a look into a dictionary, and one with a wrong key hardly more. One thread calls `refresh` every
    second or two (app.access.bookkeeper), while requests use the copy. If the table cannot be read, nobody knows what
    was revoked, and nobody is admitted (A21); if it is only locked, the audit tells what was revoked.
    """

    def __init__(self, database: Database, max_age: timedelta | None = None) -> None:
        self._database = database
        self._max_age = max_age
        self._copy = Copy()
        self._began_at = self._done_at = float("-inf")  # the last read, whether or not it succeeded
        self._pause = NEW_KEY_PAUSE
        self._cause = ""  # why the last read failed
        self._reading = Lock()
        self._lookups = BoundedSemaphore(MAX_LOOKUPS)

    def authenticate(self, secret_key: str, *, oldest: float = OLDEST) -> ApiKey | None:
        """Return the key, revoked and expired ones too; None if the copy does not have it.

        Waits only while the copy is too old. Raises `Unavailable` if it still is older than `oldest` then.
        """
        age = time.monotonic() - self._copy.read_at
        if age > oldest:
            self._catch_up(oldest)
        return self._copy.find(secret_key)

    def check(self) -> None:
        """Raise an exception if no request with a key could be admitted now.

        Leaves the copy to requests: the first of them reads the keys, and so knows one that was made just before.
        """
        now = time.monotonic()
        if now - self._copy.read_at > OLDEST:
            self._read(now)
            self._done_at = float("-inf")  # the next request may read at once, even if the last read failed

    def look_up(self, secret_key: str) -> ApiKey | None:
        """Look up a key that may be new; a flood of these costs at most four reads a second and 16 threads."""
        if self._lookups.acquire(blocking=False):
            try:
                self._read_since(time.monotonic())
            finally:
                self._lookups.release()
        return self._copy.find(secret_key)

    def state(self, key: ApiKey) -> str:
        """Return "valid", "revoked" or "expired"."""
        return self._copy.state(key)

    def refresh(self) -> None:
        """Read the keys; a failure keeps the copy, which grows older."""
        with self._reading:
            self._refresh()

    def _catch_up(self, oldest: float) -> None:
        """Replace a copy that is too old because its thread failed or is late; the other callers wait a moment."""
        asked_at = time.monotonic()
        if self._reading.acquire(timeout=READ_TIMEOUT if self._copy.read_at == float("-inf") else WAIT_FOR_READ):
            try:
                if asked_at - self._done_at > self._pause:  # below zero if somebody read while we waited
                    self._refresh()
            finally:
                self._reading.release()
        if time.monotonic() - self._copy.read_at > oldest:
            raise Unavailable(f"the keys cannot be read: {self._cause}")

    def _read_since(self, asked_at: float) -> None:
        """Read, unless somebody has begun to since `asked_at`, or the last read only just failed.

        Waits out the pause after a read: the key may have been made since, and works at once.
        """
        since_last, pause = asked_at - self._done_at, self._pause
        if since_last < pause:
            if pause > NEW_KEY_PAUSE:
                return
            time.sleep(pause - max(since_last, 0))
        with self._reading:
            if self._began_at < asked_at:
                self._refresh()

    def _refresh(self) -> None:
        self._began_at = began = time.monotonic()
        try:
            self._copy = self._read(began)
            self._pause = NEW_KEY_PAUSE
        except Locked as error:
            self._note_failure(error)
            self._forget_revoked(began)
        except Unavailable as error:
            self._note_failure(error)
        except Exception as error:
            self._note_failure(error)
            raise
        finally:
            self._done_at = time.monotonic()

    def _note_failure(self, error: Exception) -> None:
        self._pause, self._cause = FAILURE_PAUSE, str(error).strip()

    def _read(self, began: float) -> Copy:
        with self._database.transaction(deadline=READ_TIMEOUT, trial=True) as current:
            keys = KeyQueries(current)
            keys.limit_waits()
            now, in_use = keys.in_use()
        known = {key.prefix: key.expiring_within(self._max_age) for key in in_use}
        return Copy(began, now or self._copy.now, known)

    def _forget_revoked(self, began: float) -> None:
        """While the table is locked, no key can be revoked; forget those that were just before."""
        if not self._copy.keys:
            return
        try:
            with self._database.transaction(deadline=READ_TIMEOUT, trial=True) as current:
                keys = KeyQueries(current)
                keys.limit_waits()
                self._copy = self._copy.without(keys.recently_revoked(), began)
        except Unavailable as error:
            self._note_failure(error)
