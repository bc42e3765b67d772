"""Kills silent workers, so that they are replaced: those that are stopped, or hang where they cannot help it (A35).

The kernel reports a worker that dies. One that hangs keeps its connections, its share of the new ones and its locks,
and nobody notices. Its missing heartbeats show it (lib.heartbeat). They are counted in checks of the watchdog, not in
seconds: while the whole machine or service was stopped, the watchdog did not check either.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from lib import heartbeat
from lib.logs import get_logger

log = get_logger()

MISSED = 6  # checks without a heartbeat after which a worker is killed; the server then starts another
STARTING = 30  # checks that a worker may take until its first heartbeat
GIVEN_UP = 20  # checks without one after which this process counts as broken: the killed worker was not replaced
NOTIFY_SOCKET = "NOTIFY_SOCKET"
STILL_ALIVE = b"WATCHDOG=1"


class Worker(Protocol):
    """A process to watch."""

    @property
    def pid(self) -> int | None:
        """The process id; None before the process is started."""

    def kill(self) -> None:
        """End the process, whatever it is doing."""


class Watchdog:
    """Watches `workers`, whose heartbeats it reads from `reader`; while all is well, it calls each of `report_to`."""

    def __init__(
        self, reader: int, workers: Callable[[], Iterable[Worker]], report_to: Sequence[Callable[[], None]] = ()
    ) -> None:
        self._reader = reader
        self._workers = workers
        self._report_to = report_to
        self._missed: dict[int, int] = {}

    def start(self) -> None:
        """Check once a second, until this process ends."""
        threading.Thread(target=self._look_on, name="watchdog", daemon=True).start()

    def _look_on(self) -> None:
        while True:
            time.sleep(heartbeat.PERIOD)
            try:
                self.check()
            except Exception:
                # Whatever it is: without this thread no worker would be watched.
                log.exception("watchdog disturbed")

    def check(self) -> None:
        """Check once: count missed heartbeats, and kill workers that have missed too many."""
        heard, before = heartbeat.read_beats(self._reader), self._missed
        self._missed = {}
        for worker in tuple(self._workers()):
            if worker.pid is not None:
                missed = 0 if worker.pid in heard else before.get(worker.pid, MISSED - STARTING) + 1
                self._missed[worker.pid] = missed
                if missed > 0 and missed % MISSED == 0:
                    log.error("worker silent", pid=worker.pid, looks=missed, then="killed and replaced")
                    worker.kill()
        if all(missed < GIVEN_UP for missed in self._missed.values()):
            for report in self._report_to:
                report()


def report_while(works: Callable[[], bool]) -> None:
    """Report to the watchers of this process once a second while `works` returns true, from a thread of its own.

    For a process that nobody else watches; one with workers has a `Watchdog`.
    """
    if reports := watcher_callbacks():
        threading.Thread(target=_report_on, args=[works, reports], name="pulse", daemon=True).start()


def _report_on(works: Callable[[], bool], reports: Sequence[Callable[[], None]]) -> None:
    while True:
        if works():
            for report in reports:
                report()
        time.sleep(heartbeat.PERIOD)


def watcher_callbacks() -> list[Callable[[], None]]:
    """Return a function for each watcher of this process, which reports that it works: the supervisor and systemd."""
    reports: list[Callable[[], None]] = []
    if (writer := heartbeat.inherited_writer()) is not None:
        reports.append(lambda: heartbeat.beat(writer))
    if address := os.environ.pop(NOTIFY_SOCKET, ""):
        reports.append(lambda: _notify(address))
    return reports


def _notify(address: str) -> None:
    """Report to systemd that this process works; an address with a leading @ is an abstract socket (sd_notify(3))."""
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.setblocking(False)  # noqa: FBT003 - its signature
        to.sendto(STILL_ALIVE, place)
