"""The one thread of a process that reads the keys anew and writes what was noted of them, so that no request does."""

import threading
import time
from contextlib import suppress
from threading import Lock, Thread

from app.access.key_cache import KeyCache
from app.access.last_used import LastUsed
from app.access.refusals import Refusals
from lib.logs import get_logger

PAUSE = 1.0  # seconds between two looks, so that a new key soon works even where nobody may have it looked for
LONGEST_PAUSE = 2.0  # with what a look may take, below the 5 that a revocation may
CPU_SHARE = 10  # the pause after a look is so many times its CPU, so that very many keys do not keep a thread busy
WRITE_EVERY = 4.0  # seconds: a use is in the table within 10 seconds of it

log = get_logger()


class Bookkeeper:
    """Looks after the keys from the first request on that shows one, or is refused."""

    def __init__(self, keys: KeyCache, last_used: LastUsed, refusals: Refusals) -> None:
        self._keys = keys
        self._last_used = last_used
        self._refusals = refusals
        self._starting = Lock()
        self._thread: Thread | None = None
        self._stopped = self._failing = False
        self._written_at = time.monotonic()

    def begin(self) -> None:
        """Begin, unless it has; costs a request a look whether it has."""
        if self._thread is None:
            with self._starting, suppress(RuntimeError):  # in a process that is ending already, no thread can be had
                if self._thread is None:
                    # Not a daemon: Python waits for it when the main thread has ended, and so for the last write.
                    thread = Thread(target=self._work_on, name="keys", daemon=False)
                    thread.start()
                    self._thread = thread

    def stop(self) -> None:
        """Do no more; for a process that goes on without its application."""
        self._stopped = True

    def _work_on(self) -> None:
        main, pause = threading.main_thread(), PAUSE
        while main.is_alive() and not self._stopped:
            main.join(pause)
            pause = self._work(at_end=not main.is_alive())
        if self._last_used.pending and not self._stopped:  # noted while that was written, or not written
            self._last_used.write()

    def _work(self, *, at_end: bool) -> float:
        """Do what is due, and return in how many seconds to do it again."""
        if self._stopped:
            return PAUSE
        if at_end or time.monotonic() - self._written_at > WRITE_EVERY:
            self._refusals.tell(early=at_end)
            self._last_used.write()
            self._written_at = time.monotonic()
        began = time.thread_time()
        self._look()
        return min(max(PAUSE, CPU_SHARE * (time.thread_time() - began)), LONGEST_PAUSE)

    def _look(self) -> None:
        try:
            self._refusals.tell()
            self._keys.look()
            self._failing = False
        except Exception:
            # Whatever it is: without this thread no key would be honoured any more.
            if not self._failing:
                log.exception("keys not read")
            self._failing = True
