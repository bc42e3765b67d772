"""Metrics that have to be read elsewhere, such as in a database, which may be slow or away.

Metrics are wanted most during an outage, so whoever asks for them must not wait for long.
"""

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar

from lib.database_errors import Unavailable
from lib.logs import get_logger

PAUSE = 5.0  # seconds between two readings
PATIENCE = 0.5  # seconds that `refresh` waits for one

log = get_logger()

Value = TypeVar("Value")


class Measured(Generic[Value]):
    """Calls `read` when asked and passes what it returns to `show`, or None if that failed or takes too long.

    `read` runs in a thread of its own, one at a time: it may hang longer than `PATIENCE`, such as while it connects.
    """

    def __init__(self, read: Callable[[], Value], show: Callable[[Value | None], None]) -> None:
        self._read, self._show = read, show
        self._lock = Lock()
        self._thread: Thread | None = None
        self._began_at = float("-inf")
        self._value: Value | None = None
        self._failing = False

    def refresh(self) -> None:
        """Show a new value unless the last reading is younger than `PAUSE`; return within `PATIENCE` seconds."""
        with self._lock:
            if self._thread is None:
                if time.monotonic() - self._began_at < PAUSE:
                    return
                self._began_at = time.monotonic()
                thread = Thread(target=self._run, name="measuring", daemon=True)
                thread.start()
                self._thread = thread
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                self._show(None)
            else:
                self._thread = None
                self._show(self._value)

    def _run(self) -> None:
        try:
            self._value = self._read()
            self._failing = False
        except Exception as error:  # noqa: BLE001  # whatever it is, the other metrics are wanted nevertheless
            self._value = None
            if not self._failing and not isinstance(error, Unavailable):  # an outage is logged elsewhere
                log.warning("metrics not measured", cause=str(error).strip())
            self._failing = True
