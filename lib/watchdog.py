"""Replaces workers that are silent: stopped, or hanging where nothing of their own can end it (A35).

A worker that has died is seen by the kernel; one that stands still holds its connections, its share of the new ones and
its locks, and nobody notices. It is told apart by its signs of life (lib.heartbeat), counted in looks of the watchdog
and not in time: while the whole machine, or all of the service, was stopped, the watchdog did not look either.
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

MISSED = 6  # looks without a sign of life after which a worker is killed; whoever made it makes the next
STARTING = 30  # looks that one may take for its first sign of life
GIVEN_UP = 20  # looks without one after which nothing is well here: it was killed, and is not replaced
NOTIFY_SOCKET = "NOTIFY_SOCKET"
STILL_ALIVE = b"WATCHDOG=1"


class Worker(Protocol):
    """A process that is looked after."""

    @property
    def pid(self) -> int | None:
        """Its number; None before it was started."""

    def kill(self) -> None:
        """End it, whatever it is doing."""


class Watchdog:
    """Looks after those of `workers` that say at `ear` that they live; as long as all is well, it tells `above`."""

    def __init__(
        self, ear: int, workers: Callable[[], Iterable[Worker]], above: Sequence[Callable[[], None]] = ()
    ) -> None:
        self._ear = ear
        self._workers = workers
        self._above = above
        self._missed: dict[int, int] = {}

    def start(self) -> None:
        """Look once a second, until this process ends."""
        threading.Thread(target=self._look_on, name="watchdog", daemon=True).start()

    def _look_on(self) -> None:
        while True:
            time.sleep(heartbeat.PERIOD)
            try:
                self.look()
            except Exception:
                # Whatever it is: without this thread nobody would be looked after any more.
                log.exception("watchdog disturbed")

    def look(self) -> None:
        """Look once: count who gave no sign of life, and kill who has given none for too long."""
        heard, before = heartbeat.heard(self._ear), self._missed
        self._missed = {}
        for worker in tuple(self._workers()):
            if worker.pid is not None:
                missed = 0 if worker.pid in heard else before.get(worker.pid, MISSED - STARTING) + 1
                self._missed[worker.pid] = missed
                if missed > 0 and missed % MISSED == 0:
                    log.error("worker silent", pid=worker.pid, looks=missed, then="killed and replaced")
                    worker.kill()
        if all(missed < GIVEN_UP for missed in self._missed.values()):
            for tell in self._above:
                tell()


def watchers_above() -> list[Callable[[], None]]:
    """Return how to tell whoever watches this process that it works: who started it with a line, and systemd."""
    above: list[Callable[[], None]] = []
    if (mouth := heartbeat.inherited_mouth()) is not None:
        above.append(lambda: heartbeat.beat(mouth))
    if address := os.environ.pop(NOTIFY_SOCKET, ""):
        above.append(lambda: _notify(address))
    return above


def _notify(address: str) -> None:
    """Say to systemd that this process works; an address that begins with an @ is no file (sd_notify(3))."""
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.setblocking(False)  # noqa: FBT003 - its signature
        to.sendto(STILL_ALIVE, place)
