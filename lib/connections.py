"""Closes connections of clients that stall, whatever they stall in the middle of.

The server limits only how long a header may take: a thread that waits for the rest of a body waits for ever, and Python
code cannot reach the connection that it waits on. But the kernel knows when each connection last sent and received
data, and shutting a socket down wakes the thread that waits on it. So one thread per process checks once a second the
connections that the process has accepted, which costs a request nothing.

This works on Linux only; elsewhere there are only the server's own limits.
"""

import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from lib.logs import get_logger

log = get_logger()

TICK = 1.0  # seconds between two checks
GRACE = 2.0  # seconds for the server to answer and close a connection that no longer receives
DESCRIPTORS = Path("/proc/self/fd")
# From struct tcp_info (linux/tcp.h): the state; milliseconds since data was last sent and received; bytes acknowledged,
# and bytes not yet sent.
INFO = struct.Struct("=B43xI4xI64xQ16xI")
NO_CONNECTION = (7, 10)  # TCP_CLOSE, TCP_LISTEN
FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Time limits of a connection, in seconds.

    `request`: from the first byte of a request, or the start of the connection, to its answer. `quiet`: without a byte
    in either direction. `unread`: while the client has not read all of an answer. `work`: while any request that has
    arrived whole has waited for its answer for longer, no connection is closed, because any could be that request's.
    """

    request: float
    quiet: float
    unread: float
    work: float


class Traffic(NamedTuple):
    """The kernel's numbers of a connection; times are in milliseconds before now, the rest in bytes."""

    state: int
    sent: int
    received: int
    acknowledged: int
    unsent: int

    @property
    def is_waiting(self) -> bool:
        """Data came after the last answer, or nothing has been answered yet."""
        return self.received < self.sent or not self.acknowledged

    @property
    def quiet(self) -> float:
        """Seconds since data was last sent or received."""
        return min(self.sent, self.received) / 1000


class Seen:
    """What was seen of a connection: since when its request has waited, and since when its answer has been unread."""

    __slots__ = ("shut_at", "unread_since", "waits_since")

    def __init__(self) -> None:
        self.waits_since = self.unread_since = self.shut_at = float("inf")

    def update(self, traffic: Traffic, now: float) -> None:
        """Update from the traffic seen at this moment (of `time.monotonic`)."""
        began = now - max(traffic.quiet, 0) if traffic.is_waiting else float("inf")
        # Data sent meanwhile answered a request, so the one that waits now came after it.
        answered = now - traffic.sent / 1000 if traffic.acknowledged else 0.0
        self.waits_since = max(min(self.waits_since, began), answered) if traffic.is_waiting else began
        self.unread_since = min(self.unread_since, now) if traffic.unsent else float("inf")

    def is_overdue(self, traffic: Traffic, now: float, bounds: Bounds) -> bool:
        """Return whether a time limit is exceeded."""
        return (
            now - self.waits_since > bounds.request
            or now - self.unread_since > bounds.unread
            or traffic.quiet > bounds.quiet
        )


class Watch:
    """Checks the connections of this process, and closes those that are overdue."""

    def __init__(self, bounds: Bounds, oldest_request_age: Callable[[], float]) -> None:
        """`oldest_request_age` returns the age in seconds of the oldest request that arrived whole, unanswered."""
        self._bounds = bounds
        self._oldest_request_age = oldest_request_age
        self._seen: dict[str, Seen] = {}
        self._ports: frozenset[int] = frozenset()

    def start(self) -> None:
        """Start checking, in a separate thread."""
        if sys.platform == "linux":
            Thread(target=self._look_on, name="connections", daemon=True).start()

    def check(self, now: float) -> int:
        """Check all connections once; return how many are closed from now on."""
        self._ports = self._ports or frozenset(_listening_ports())
        busy = self._oldest_request_age() > self._bounds.work
        seen, hung_up = self._seen, 0
        self._seen = {}
        for name, connection in _accepted(self._ports):
            with connection, suppress(OSError):
                self._seen[name] = one = seen.get(name) or Seen()
                traffic = _traffic(connection)
                one.update(traffic, now)
                if not busy and traffic.state not in NO_CONNECTION and one.is_overdue(traffic, now, self._bounds):
                    hung_up += one.shut_at > now
                    _hang_up(connection, one, now)
        return hung_up

    def _look_on(self) -> None:
        while True:
            time.sleep(TICK)
            try:
                if hung_up := self.check(time.monotonic()):
                    log.warning("slow clients hung up on", connections=hung_up)
            except Exception:
                # Whatever it is: without this thread a client that stalls would hold a thread for ever.
                log.exception("watch of connections disturbed")


def _hang_up(connection: socket.socket, one: Seen, now: float) -> None:
    """Stop receiving first, so that the waiting thread can still answer; after the grace period, stop sending too."""
    one.shut_at = min(one.shut_at, now)
    connection.shutdown(socket.SHUT_RD if now - one.shut_at < GRACE else socket.SHUT_RDWR)


def _traffic(connection: socket.socket) -> Traffic:
    return Traffic(*INFO.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO.size)))


def _listening_ports() -> Iterator[int]:
    for _, ours in _sockets():
        with ours:
            if ours.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield ours.getsockname()[1]


def _accepted(ports: frozenset[int]) -> Iterator[tuple[str, socket.socket]]:
    """Yield the connections accepted on these ports, each with a name that is unique while it lasts."""
    for name, ours in _sockets():
        if ours.getsockname()[1] in ports:
            yield name, ours
        else:
            ours.close()


def _sockets() -> Iterator[tuple[str, socket.socket]]:
    """Yield the internet sockets of this process as duplicates, because the server may close its own meanwhile."""
    for descriptor in DESCRIPTORS.iterdir():
        with suppress(OSError):
            name = str(descriptor.readlink())
            if name.startswith("socket:"):
                ours = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=os.dup(int(descriptor.name)))
                if _is_internet(ours):
                    yield name, ours
                else:
                    ours.close()


def _is_internet(ours: socket.socket) -> bool:
    family, kind = (ours.getsockopt(socket.SOL_SOCKET, option) for option in (socket.SO_DOMAIN, socket.SO_TYPE))
    return family in FAMILIES and kind == socket.SOCK_STREAM
