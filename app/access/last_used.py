"""When each key was used last, and which requests with it were refused: noted by requests, written past them.

What was noted since the last write is lost with a process that is killed (A30).
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from app.access.domain import KeyRefusal
from app.access.queries import KEPT_REFUSALS, KeyQueries
from lib.database import Database
from lib.logs import get_logger

LONGEST_WRITE = 1.5  # seconds; it waits for locks only a fraction of that, and for those of single keys not at all
MOST_REFUSED = 1000  # keys whose refusals wait to be written; of more at a time the others are not kept

log = get_logger()


class LastUsed:
    """What is still to be written of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Requests put in, one thread takes out, each by one operation that Python does not interrupt.
        self._used: dict[str, datetime] = {}
        self._refused: dict[int, deque[KeyRefusal]] = {}
        self._failing = False

    def touch(self, prefix: str, at: datetime) -> None:
        """Note that a key was used; costs an entry in a table."""
        self._used[prefix] = at

    def refuse(self, key_id: int, refusal: KeyRefusal) -> None:
        """Note that a request with a key was refused; of each key the last ten are kept."""
        if len(self._refused) < MOST_REFUSED:
            self._refused.setdefault(key_id, deque(maxlen=KEPT_REFUSALS)).appendleft(refusal)

    @property
    def pending(self) -> bool:
        """Tell whether anything is still to be written."""
        return bool(self._used or self._refused)

    def write(self) -> None:
        """Write what was noted; what could not be written is kept for the next time, unless it was noted anew."""
        try:
            self._write_uses()
            self._write_refusals()
            self._failing = False
        except Exception as error:  # noqa: BLE001  # whatever it is: without its thread nothing is ever written
            if not self._failing:
                log.warning("last uses of keys not written yet", keys=len(self._used), cause=str(error).strip())
            self._failing = True

    def _write_uses(self) -> None:
        noted = {prefix: self._used.pop(prefix) for prefix in list(self._used)}
        written: Collection[str] = ()
        try:
            written = self._written_uses(noted) if noted else ()
        finally:
            for prefix in noted.keys() - set(written):
                self._used.setdefault(prefix, noted[prefix])

    def _write_refusals(self) -> None:
        noted = {key_id: self._refused.pop(key_id) for key_id in list(self._refused)}
        written: Collection[int] = ()
        try:
            written = self._written_refusals(noted) if noted else ()
        finally:
            for key_id in noted.keys() - set(written):
                self._refused.setdefault(key_id, noted[key_id])

    def _written_uses(self, noted: Mapping[str, datetime]) -> Collection[str]:
        # A trial: that it takes long says nothing about the database, and must turn no event away.
        with self._database.transaction(deadline=LONGEST_WRITE, trial=True) as current:
            keys = KeyQueries(current)
            keys.wait_shortly()
            written = keys.touch_last_used(noted)
            current.commit()
        return written

    def _written_refusals(self, noted: Mapping[int, Iterable[KeyRefusal]]) -> Collection[int]:
        with self._database.transaction(deadline=LONGEST_WRITE, trial=True) as current:
            keys = KeyQueries(current)
            keys.wait_shortly()
            written = keys.keep_refusals(noted)
            current.commit()
        return written
