"""A deadline that is kept on our side, whatever the database does.

No timeout of the server fires while the server itself is stopped, and libpq waits for its answer for ever. But who
waits on a socket wakes when the socket is shut down. So one thread of the process looks ten times a second at who
has waited for too long, and hangs up for them; to be watched costs a transaction two entries in a table.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread, Timer

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a class, whatever its letters

from lib.logs import get_logger
from lib.metrics.database import measure_pools

log = get_logger()

TICK = 0.1  # seconds between two looks
Missed = Callable[[], None]


class Watch:
    """The transactions under way, each with its deadline (of `time.monotonic`) and whom to tell when it is missed."""

    def __init__(self) -> None:
        self._due: dict[Connection, tuple[float, Missed]] = {}
        self._lock = Lock()
        self._thread: Thread | None = None

    def begin(self, connection: Connection, deadline: float, missed: Missed) -> None:
        """Watch a connection from now on."""
        with self._lock:
            self._due[connection] = (deadline, missed)
            if self._thread is None:
                self._thread = Thread(target=self._look_on, name="deadlines", daemon=True)
                self._thread.start()

    def end(self, connection: Connection) -> None:
        """Watch it no longer. Only now may it be closed: its descriptor might become that of something else."""
        with self._lock:
            self._due.pop(connection, None)

    def _look_on(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            # Told first: who is woken may begin again at once, and must know by then.
            for missed in self._missed(now):
                _done(missed)
            self._hang_up_overdue(now)
            _done(measure_pools)  # since it looks anyway

    def _missed(self, now: float) -> list[Missed]:
        with self._lock:
            return [missed for deadline, missed in self._due.values() if deadline < now]

    def _hang_up_overdue(self, now: float) -> None:
        with self._lock:
            overdue = [connection for connection, (deadline, _) in self._due.items() if deadline < now]
            for connection in overdue:
                hang_up(connection)
                del self._due[connection]


@contextmanager
def bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Hang up on a connection that is not done in so many seconds: for the few that no `Watch` is there for.

    With a thread of its own, which is over at the end: so it is also for a process that will fork.
    """
    timer = Timer(seconds, hang_up, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # only now may the connection be closed, as above


def _done(what: Callable[[], None]) -> None:
    try:
        what()
    except Exception:
        # Whatever it is: without this thread no deadline would be kept any more.
        log.exception("watch disturbed")


def hang_up(connection: Connection) -> None:
    """Shut the socket of a connection down, so that who waits for an answer on it gets an error instead.

    One that has gone already, by itself or by its owner, needs no more.
    """
    with suppress(OSError, psycopg2.InterfaceError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


watch = Watch()
