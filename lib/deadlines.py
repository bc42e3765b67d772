"""Deadlines that the client enforces, whatever the database does.

While the server itself is stopped, none of its timeouts fires, and libpq waits for its answer for ever. But shutting a
socket down wakes the thread that waits on it. So one thread per process checks ten times a second which transactions
are overdue, and shuts down their sockets; a transaction pays two dictionary operations for it.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread, Timer

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # it is a class

from lib.logs import get_logger
from lib.metrics.database import measure_pools

log = get_logger()

TICK = 0.1  # seconds between two checks
Callback = Callable[[], None]


class Watch:
    """The transactions under way, each with its deadline (of `time.monotonic`) and a callback for when it is missed."""

    def __init__(self) -> None:
        self._due: dict[Connection, tuple[float, Callback]] = {}
        self._lock = Lock()
        self._thread: Thread | None = None

    def begin(self, connection: Connection, deadline: float, on_missed: Callback) -> None:
        """Start watching a connection."""
        with self._lock:
            self._due[connection] = (deadline, on_missed)
            if self._thread is None:
                self._thread = Thread(target=self._look_on, name="deadlines", daemon=True)
                self._thread.start()

    def end(self, connection: Connection) -> None:
        """Stop watching it. Close it only afterwards: its descriptor might be reused for something else."""
        with self._lock:
            self._due.pop(connection, None)

    def _look_on(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            # Callbacks first: a thread that is woken may start again at once, and must see their effect.
            for callback in self._callbacks_due(now):
                _call(callback)
            self._hang_up_overdue(now)
            _call(measure_pools)  # since this thread wakes anyway

    def _callbacks_due(self, now: float) -> list[Callback]:
        with self._lock:
            return [callback for deadline, callback in self._due.values() if deadline < now]

    def _hang_up_overdue(self, now: float) -> None:
        with self._lock:
            overdue = [connection for connection, (deadline, _) in self._due.items() if deadline < now]
            for connection in overdue:
                hang_up(connection)
                del self._due[connection]


@contextmanager
def time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    """Shut a connection down unless the block ends within `seconds`: for the few without a `Watch`.

    Its thread ends with the block, so it may be used in a process that will fork.
    """
    timer = Timer(seconds, hang_up, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # only now may the connection be closed, as above


def _call(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:
        # Whatever it is: without this thread no deadline would be enforced.
        log.exception("watch disturbed")


def hang_up(connection: Connection) -> None:
    """Shut down the socket of a connection, so that the thread that waits for an answer on it gets an error.

    Does nothing if the connection is already closed.
    """
    with suppress(OSError, psycopg2.InterfaceError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


watch = Watch()
