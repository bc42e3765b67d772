"""The background thread of a process that rereads the keys and writes their uses, so that no request has to."""

import threading
import time
from contextlib import suppress
from threading import Lock, Thread

from app.access.key_cache import KeyCache
from app.access.last_used import LastUsed
from app.access.refusals import Refusals
from lib.logs import get_logger

PAUSE = 1.0  # seconds between two reads; a new key works that soon even while its address may not look it up (A40)
MAX_PAUSE = 2.0  # with the time of a read, this stays below the 5 s within which a revocation must hold
PAUSE_PER_CPU_SECOND = 10  # a pause lasts this many times the CPU time of the read, or many keys would busy the thread
WRITE_INTERVAL = 4.0  # seconds; a use is in the table within 10 seconds

log = get_logger()


class Bookkeeper:
    """Maintains the keys, from the first request that shows one or is refused."""

    def __init__(self, keys: KeyCache, last_used: LastUsed, refusals: Refusals) -> None:
        self._keys = keys
        self._last_used = last_used
        self._refusals = refusals
        self._starting = Lock()
        self._thread: Thread | None = None
        self._stopped = self._failing = False
        self._written_at = time.monotonic()

    def begin(self) -> None:
        """Start the thread unless it runs; that check is all it costs a request."""
        if self._thread is None:
            with self._starting, suppress(RuntimeError):  # no thread can start in a process that is ending
                if self._thread is None:
                    # Not a daemon: Python waits for it after the main thread has ended, and so for the last write.
                    thread = Thread(target=self._run, name="keys", daemon=False)
                    thread.start()
                    self._thread = thread

    def stop(self) -> None:
        """Stop the thread; for a process that outlives its application."""
        self._stopped = True

    def _run(self) -> None:
        main, pause = threading.main_thread(), PAUSE
        while main.is_alive() and not self._stopped:
            main.join(pause)
            pause = self._run_once(at_end=not main.is_alive())
        if self._last_used.pending and not self._stopped:  # recorded during the last write, or left by it
            self._last_used.write()

    def _run_once(self, *, at_end: bool) -> float:
        """Do what is due, and return the seconds until the next time."""
        if self._stopped:
            return PAUSE
        if at_end or time.monotonic() - self._written_at > WRITE_INTERVAL:
            self._refusals.report(early=at_end)
            self._last_used.write()
            self._written_at = time.monotonic()
        began = time.thread_time()
        self._refresh()
        return min(max(PAUSE, PAUSE_PER_CPU_SECOND * (time.thread_time() - began)), MAX_PAUSE)

    def _refresh(self) -> None:
        try:
            self._refusals.report()
            self._keys.refresh()
            self._failing = False
        except Exception:
            # Whatever it is: without this thread no key would be accepted any more.
            if not self._failing:
                log.exception("keys not read")
            self._failing = True
