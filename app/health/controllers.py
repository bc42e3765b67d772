"""The use case of readiness: a look at the database twice a second, so that whoever asks need never wait.

Now and then it also tries what every event does, and rolls it back: what can be read is not always what can be written.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Lock, Thread

from app.health.domain import NotReady, Unready
from app.health.queries import applied_migrations, takes_changes, try_to_write
from lib.database import Database
from lib.logs import get_logger
from lib.transactions import Transaction, Unavailable

MIGRATIONS = Path(__file__).parents[2] / "migrations"
PAUSE = 0.5  # seconds between two looks
LONGEST_LOOK = 0.8  # seconds; a look that takes longer finds the database silent
FIRST_LOOK = 0.7  # seconds that who asks first may have to wait
TRIAL_PAUSE = 5.0  # seconds between two trials
LONGEST_TRIAL = 0.7  # seconds
MISSES = 2  # trials in a row that fail before it counts: one may have met a lock that is gone by now
# Seconds after an event that found the disk full. A trial leaves no row, so it does not find that; and if a balancer
# sends no event meanwhile, the next one tells.
FULL = 30.0
UNWATCHED_AFTER = 60.0  # seconds after which nobody asks any more, and nobody looks

AsEvent = Callable[[Transaction], None]  # queues what every event needs of the database

log = get_logger()


class Readiness:
    """What is known about the database, by a thread that looks as long as somebody asks."""

    def __init__(self, database: Database, as_event: AsEvent) -> None:
        self._database = database
        self._as_event = as_event
        self._lock = Lock()
        self._thread: Thread | None = None
        self._looked = Event()
        self._found: Unready | None = None
        self._missed = 0
        self._looked_at = self._asked_at = self._tried_at = float("-inf")  # of `time.monotonic`

    def check(self) -> None:
        """Return if the service can do its work; raises `NotReady` where it cannot. Takes less than a second."""
        self._asked_at = time.monotonic()
        with self._lock:
            if self._thread is None:
                self._looked.clear()
                self._thread = Thread(target=self._look_on, name="readiness", daemon=True)
                self._thread.start()
        self._looked.wait(FIRST_LOOK)
        if time.monotonic() - self._looked_at > PAUSE + LONGEST_LOOK + LONGEST_TRIAL:
            raise NotReady(Unready.DATABASE_SILENT)
        if self._found is not None:
            raise NotReady(self._found)
        if self._missed >= MISSES or time.monotonic() - self._database.no_room_at < FULL:
            raise NotReady(Unready.DATABASE_WRITES_FAIL)

    def _look_on(self) -> None:
        while self._still_watched():
            self._found = self._look()
            self._looked_at = time.monotonic()
            self._looked.set()
            if self._found is None and time.monotonic() - self._tried_at >= TRIAL_PAUSE:
                self._missed = 0 if self._writes() else self._missed + 1
                self._tried_at = time.monotonic()
            time.sleep(PAUSE)

    def _still_watched(self) -> bool:
        with self._lock:
            if time.monotonic() - self._asked_at > UNWATCHED_AFTER:
                self._thread = None
            return self._thread is not None

    def _look(self) -> Unready | None:
        began = time.monotonic()
        try:
            with self._database.transaction(deadline=LONGEST_LOOK, trial=True) as current:
                if not takes_changes(current):
                    current.lend_no_more()  # or it would be asked again once the next session may write
                    return Unready.DATABASE_READ_ONLY
                applied = applied_migrations(current)
        except Unavailable:
            silent = self._database.silent or time.monotonic() - began > LONGEST_LOOK
            return Unready.DATABASE_SILENT if silent else Unready.DATABASE_UNREACHABLE
        except Exception:
            # Whatever it is: without this thread nobody would be told any more.
            log.exception("readiness unknown")
            return Unready.DATABASE_UNREACHABLE
        return _judged(applied)

    def _writes(self) -> bool:
        """Try what an event does; a miss is written down with its cause."""
        try:
            with self._database.transaction(deadline=LONGEST_TRIAL, trial=True) as current:
                try_to_write(current, self._as_event)
                current.undo()
        except Exception as error:  # noqa: BLE001  # whatever it is, an event would meet it as well
            log.warning("trial write failed", cause=str(error).strip())
            return False
        return True


def _judged(applied: frozenset[str]) -> Unready | None:
    if applied == {EXPECTED}:
        return None
    return Unready.MIGRATION_MISSING if applied <= OLDER else Unready.MIGRATION_UNKNOWN


def _revisions() -> Iterable[str]:
    """Return all revisions, the newest first: the numbers of the files, as Alembic is much to import for that."""
    return sorted((file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/*.py")), reverse=True)


EXPECTED, *_older = _revisions()
OLDER = frozenset(_older)
