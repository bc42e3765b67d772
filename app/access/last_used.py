"""When each key was used last: noted by every request, written by a thread of the process, so that no request waits.

A use is in the table within 10 seconds of it: `PAUSE`, and what a write may take. What was noted since the last write
is written when the process ends in good order; a killed one loses it (A30).
"""

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from threading import Lock, Thread

from app.access.queries import KeyQueries
from lib.database import Database
from lib.logs import get_logger

PAUSE = 5.0  # seconds between two writes
LONGEST_WRITE = 2.5  # seconds; it waits for locks only a fraction of that, and for those of single keys not at all

log = get_logger()


class LastUsed:
    """What is still to be written of this process; looks after it from the first use on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Requests put in, the thread takes out, each by one operation that Python does not interrupt.
        self._used: dict[str, datetime] = {}
        self._starting = Lock()
        self._thread: Thread | None = None
        self._stopped = self._failing = False

    def touch(self, prefix: str, at: datetime) -> None:
        """Note that a key was used; costs an entry in a table."""
        self._used[prefix] = at
        if self._thread is None:
            self._begin()

    def stop(self) -> None:
        """Write no more; for a process that goes on without its application."""
        self._stopped = True

    def write(self) -> None:
        """Write what was noted; what could not be written is kept for the next time, unless it was noted anew."""
        noted = {prefix: self._used.pop(prefix) for prefix in list(self._used)}
        written: Collection[str] = ()
        try:
            written = self._written(noted) if noted else ()
            self._failing = False
        except Exception as error:  # noqa: BLE001  # whatever it is: without this thread nothing is ever written
            if not self._failing:
                log.warning("last uses of keys not written yet", keys=len(noted), cause=str(error).strip())
            self._failing = True
        for prefix in noted.keys() - set(written):
            self._used.setdefault(prefix, noted[prefix])

    def _written(self, noted: Mapping[str, datetime]) -> Collection[str]:
        # A trial: that it takes long says nothing about the database, and must turn no event away.
        with self._database.transaction(deadline=LONGEST_WRITE, trial=True) as current:
            written = KeyQueries(current).touch_last_used(noted)
            current.commit()
        return written

    def _begin(self) -> None:
        with self._starting, suppress(RuntimeError):  # in a process that is ending already, no thread is to be had
            if self._thread is None:
                # Not a daemon: Python waits for it when the main thread has ended, and so for the last write.
                thread = Thread(target=self._write_on, name="last used", daemon=False)
                thread.start()
                self._thread = thread

    def _write_on(self) -> None:
        main = threading.main_thread()
        while main.is_alive() and not self._stopped:
            main.join(PAUSE)
            if not self._stopped:
                self.write()
        if self._used and not self._stopped:  # noted while that was written, or not written
            self.write()
