"""The use case of readiness: a thread checks the database twice a second, so that no caller has to wait.

Now and then it also tries what every event does, and rolls that back: a database that can be read cannot always be
written.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Lock, Thread

from app.access.key_cache import READ_TIMEOUT
from app.health.domain import NotReady, Unready
from app.health.queries import accepts_writes, applied_migrations, try_to_write
from lib.database import NEVER, Database
from lib.database_errors import Unavailable
from lib.logs import get_logger
from lib.transactions import Transaction

MIGRATIONS = Path(__file__).parents[2] / "migrations"
PAUSE = 0.5  # seconds between two checks
CHECK_TIMEOUT = 0.8  # seconds; after a longer check the database counts as silent
FIRST_CHECK_TIMEOUT = 0.7  # seconds that the first caller may have to wait
TRIAL_PAUSE = 5.0  # seconds between two trials
TRIAL_TIMEOUT = 0.7  # seconds
MAX_FAILED_TRIALS = 2  # in a row before they count: a single one may have met a lock that is gone by now
UNWATCHED_AFTER = 60.0  # seconds without a caller after which the checks stop

Admit = Callable[[], None]  # raises what stops every event before its transaction
AsEvent = Callable[[Transaction], None]  # queues the statements that every event needs

log = get_logger()


class Readiness:
    """The state of the database, checked by a thread as long as somebody asks."""

    def __init__(self, database: Database, admit: Admit, as_event: AsEvent) -> None:
        self._database = database
        self._admit = admit
        self._as_event = as_event
        self._lock = Lock()
        self._thread: Thread | None = None
        self._first_check_done = Event()
        self._unready: Unready | None = None
        self._failed_trials, self._failure = 0, Unready.DATABASE_WRITES_FAIL
        self._checked_at = self._last_asked_at = self._tried_at = NEVER
        self._room_found_at = NEVER  # on a disk that an event had found full

    def check(self) -> None:
        """Return if the service is ready, else raise `NotReady`; takes less than a second."""
        self._last_asked_at = time.monotonic()
        with self._lock:
            if self._thread is None:
                self._first_check_done.clear()
                self._thread = Thread(target=self._run, name="readiness", daemon=True)
                self._thread.start()
        self._first_check_done.wait(FIRST_CHECK_TIMEOUT)
        if time.monotonic() - self._checked_at > PAUSE + CHECK_TIMEOUT + READ_TIMEOUT + TRIAL_TIMEOUT:
            raise NotReady(Unready.DATABASE_SILENT)
        if self._unready is not None:
            raise NotReady(self._unready)
        if self._failed_trials >= MAX_FAILED_TRIALS:
            raise NotReady(self._failure)
        if self._disk_full():
            raise NotReady(Unready.DATABASE_WRITES_FAIL)

    def _run(self) -> None:
        while self._still_watched():
            self._unready = self._check_database()
            self._checked_at = time.monotonic()
            self._first_check_done.set()
            if self._unready is None and time.monotonic() - self._tried_at >= TRIAL_PAUSE:
                self._failed_trials = 0 if self._trial_succeeds() else self._failed_trials + 1
                self._tried_at = time.monotonic()
            time.sleep(PAUSE)

    def _still_watched(self) -> bool:
        with self._lock:
            if time.monotonic() - self._last_asked_at > UNWATCHED_AFTER:
                self._thread = None
            return self._thread is not None

    def _check_database(self) -> Unready | None:
        began = time.monotonic()
        try:
            with self._database.transaction(deadline=CHECK_TIMEOUT, trial=True) as current:
                if not accepts_writes(current):
                    current.close_at_end()  # or it would be checked again after a new session may write
                    return Unready.DATABASE_READ_ONLY
                applied = applied_migrations(current)
        except Unavailable:
            silent = self._database.silent or time.monotonic() - began > CHECK_TIMEOUT
            return Unready.DATABASE_SILENT if silent else Unready.DATABASE_UNREACHABLE
        except Exception:
            # Whatever it is: without this thread readiness would never be reported again.
            log.exception("readiness unknown")
            return Unready.DATABASE_UNREACHABLE
        return _compare_migration(applied)

    def _disk_full(self) -> bool:
        """Return whether an event found the disk full, and no trial has found room since."""
        return self._database.disk_full_at > self._room_found_at

    def _trial_succeeds(self) -> bool:
        """Try what an event does; log the cause of a failure."""
        failure = Unready.KEYS_UNREADABLE
        try:
            self._admit()
            failure = Unready.DATABASE_WRITES_FAIL
            self._try_to_write()
        except Exception as error:  # noqa: BLE001  # whatever it is, it would stop an event too
            log.warning("trial write failed", reason=failure, cause=str(error).strip())
            self._failure = failure
            return False
        return True

    def _try_to_write(self) -> None:
        began, full = time.monotonic(), self._disk_full()
        with self._database.transaction(deadline=TRIAL_TIMEOUT, trial=True) as current:
            try_to_write(current, self._as_event, takes_room=full)
            current.rollback()
        if full:
            self._room_found_at = began


def _compare_migration(applied: frozenset[str]) -> Unready | None:
    if applied == {EXPECTED}:
        return None
    return Unready.MIGRATION_MISSING if applied <= OLDER else Unready.MIGRATION_UNKNOWN


def _revisions() -> Iterable[str]:
    """Return all revisions, newest first, from the names of the files: Alembic would take long to import."""
    return sorted((file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/*.py")), reverse=True)


EXPECTED, *_older = _revisions()
OLDER = frozenset(_older)
