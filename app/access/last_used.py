"""The last use of each key, and its refused requests: recorded by requests, written by another thread.

A process that is killed loses what was recorded since the last write (A30).
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from app.access.domain import KeyRefusal
from app.access.queries import KEPT_REFUSALS, KeyQueries
from lib.database import Database
from lib.logs import get_logger

WRITE_TIMEOUT = 1.5  # seconds; locks of the table get a fraction of that, locked keys are skipped
MAX_REFUSED = 1000  # keys whose refusals wait to be written; refusals of further keys are dropped

log = get_logger()


class LastUsed:
    """The uses and refusals of this process that are not written yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Requests put in and one thread takes out, each by a single operation that Python does not interrupt.
        self._used: dict[str, datetime] = {}
        self._refused: dict[int, deque[KeyRefusal]] = {}
        self._failing = False

    def touch(self, prefix: str, at: datetime) -> None:
        """Record that a key was used; costs one entry in a dictionary."""
        self._used[prefix] = at

    def record_refusal(self, key_id: int, refusal: KeyRefusal) -> None:
        """Record that a request with a key was refused; the last ten of each key are kept."""
        if len(self._refused) < MAX_REFUSED:
            self._refused.setdefault(key_id, deque(maxlen=KEPT_REFUSALS)).appendleft(refusal)

    @property
    def pending(self) -> bool:
        """Tell whether anything remains to be written."""
        return bool(self._used or self._refused)

    def write(self) -> None:
        """Write what was recorded; what fails is kept for the next time, unless something newer was recorded."""
        try:
            self._write_uses()
            self._write_refusals()
            self._failing = False
        except Exception as error:  # noqa: BLE001  # whatever it is: without this thread nothing would ever be written
            if not self._failing:
                log.warning("last uses of keys not written yet", keys=len(self._used), cause=str(error).strip())
            self._failing = True

    def _write_uses(self) -> None:
        recorded = {prefix: self._used.pop(prefix) for prefix in list(self._used)}
        written: Collection[str] = ()
        try:
            written = self._store_uses(recorded) if recorded else ()
        finally:
            for prefix in recorded.keys() - set(written):
                self._used.setdefault(prefix, recorded[prefix])

    def _write_refusals(self) -> None:
        recorded = {key_id: self._refused.pop(key_id) for key_id in list(self._refused)}
        written: Collection[int] = ()
        try:
            written = self._store_refusals(recorded) if recorded else ()
        finally:
            for key_id in recorded.keys() - set(written):
                self._refused.setdefault(key_id, recorded[key_id])

    def _store_uses(self, recorded: Mapping[str, datetime]) -> Collection[str]:
        # A trial: if it takes long, that says nothing about the database, and must turn no event away.
        with self._database.transaction(deadline=WRITE_TIMEOUT, trial=True) as current:
            keys = KeyQueries(current)
            keys.limit_waits()
            written = keys.touch_last_used(recorded)
            current.commit()
        return written

    def _store_refusals(self, recorded: Mapping[int, Iterable[KeyRefusal]]) -> Collection[int]:
        with self._database.transaction(deadline=WRITE_TIMEOUT, trial=True) as current:
            keys = KeyQueries(current)
            keys.limit_waits()
            written = keys.keep_refusals(recorded)
            current.commit()
        return written
