"""Connections of clients that do not go on: hung up on, whatever they stopped in the middle of.

The server bounds how long a header may take, and no more: a thread that waits for the rest of a body waits for ever,
and nothing in Python reaches the connection that it waits on. But the kernel knows of each what came and went, and
when; and who waits on a socket wakes when it is shut down. So one thread of the process looks once a second at the
connections that the process has accepted. A request costs nothing by that.

Linux only: elsewhere the bounds of the server itself are all there is.
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

TICK = 1.0  # seconds between two looks
LEFT = 2.0  # seconds that the server has to end a connection which was told to
DESCRIPTORS = Path("/proc/self/fd")
# Of struct tcp_info (linux/tcp.h): the state; milliseconds since data was last sent and received; bytes acknowledged,
# and not sent.
INFO = struct.Struct("=B43xI4xI64xQ16xI")
NO_CONNECTION = (7, 10)  # TCP_CLOSE, TCP_LISTEN: of a socket that has none, or waits for them
FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long each may last, in seconds.

    `request`: from the first byte of a request, or the beginning of the connection, to its answer. `quiet`: without
    a byte in either direction. `untaken`: that a client leaves some of an answer unread. `work`: as long as one
    that is here whole has been so for longer, it is not known whose answer is still to come, and nobody is hung up on.
    """

    request: float
    quiet: float
    untaken: float
    work: float


class Traffic(NamedTuple):
    """What the kernel says of a connection; times are in milliseconds before now, the rest in bytes."""

    state: int
    sent: int
    received: int
    acknowledged: int
    unsent: int

    @property
    def is_waiting(self) -> bool:
        """Something came after all that was answered; or nothing has been answered yet."""
        return self.received < self.sent or not self.acknowledged

    @property
    def quiet(self) -> float:
        """Seconds since anything came or went."""
        return min(self.sent, self.received) / 1000


class Seen:
    """What was seen of one connection: since when its request waits, since when its answer is not taken."""

    __slots__ = ("told_at", "untaken_since", "waits_since")

    def __init__(self) -> None:
        self.waits_since = self.untaken_since = self.told_at = float("inf")

    def look(self, traffic: Traffic, now: float) -> None:
        """Take down what is seen at this moment (of `time.monotonic`)."""
        began = now - max(traffic.quiet, 0) if traffic.is_waiting else float("inf")
        # What was sent meanwhile answered a request: what waits now is another one, which came after it.
        answered = now - traffic.sent / 1000 if traffic.acknowledged else 0.0
        self.waits_since = max(min(self.waits_since, began), answered) if traffic.is_waiting else began
        self.untaken_since = min(self.untaken_since, now) if traffic.unsent else float("inf")

    def is_overdue(self, traffic: Traffic, now: float, bounds: Bounds) -> bool:
        """Tell whether one of the bounds is passed."""
        return (
            now - self.waits_since > bounds.request
            or now - self.untaken_since > bounds.untaken
            or traffic.quiet > bounds.quiet
        )


class Watch:
    """Looks at the connections of this process, and hangs up on those that are overdue."""

    def __init__(self, bounds: Bounds, longest_whole: Callable[[], float]) -> None:
        """Take the bounds, and who says for how many seconds the slowest request that is here whole has been so."""
        self._bounds = bounds
        self._longest_whole = longest_whole
        self._seen: dict[str, Seen] = {}
        self._ports: frozenset[int] = frozenset()

    def start(self) -> None:
        """Look from now on, in a thread of its own."""
        if sys.platform == "linux":
            Thread(target=self._look_on, name="connections", daemon=True).start()

    def look(self, now: float) -> int:
        """Look once; return how many were hung up on."""
        self._ports = self._ports or frozenset(_listening_ports())
        busy = self._longest_whole() > self._bounds.work
        seen, hung_up = self._seen, 0
        self._seen = {}
        for name, connection in _accepted(self._ports):
            with connection, suppress(OSError):
                self._seen[name] = one = seen.get(name) or Seen()
                traffic = _traffic(connection)
                one.look(traffic, now)
                if not busy and traffic.state not in NO_CONNECTION and one.is_overdue(traffic, now, self._bounds):
                    hung_up += one.told_at > now
                    _hang_up(connection, one, now)
        return hung_up

    def _look_on(self) -> None:
        while True:
            time.sleep(TICK)
            try:
                if hung_up := self.look(time.monotonic()):
                    log.warning("slow clients hung up on", connections=hung_up)
            except Exception:
                # Whatever it is: without this thread a client that stops would hold a thread for ever.
                log.exception("watch of connections disturbed")


def _hang_up(connection: socket.socket, one: Seen, now: float) -> None:
    """Say that nothing more comes, so that who waits can still answer; later, that nothing more goes either."""
    one.told_at = min(one.told_at, now)
    connection.shutdown(socket.SHUT_RD if now - one.told_at < LEFT else socket.SHUT_RDWR)


def _traffic(connection: socket.socket) -> Traffic:
    return Traffic(*INFO.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO.size)))


def _listening_ports() -> Iterator[int]:
    for _, ours in _sockets():
        with ours:
            if ours.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield ours.getsockname()[1]


def _accepted(ports: frozenset[int]) -> Iterator[tuple[str, socket.socket]]:
    """Return the connections that came in at these ports, by a name that no other has while they last."""
    for name, ours in _sockets():
        if ours.getsockname()[1] in ports:
            yield name, ours
        else:
            ours.close()


def _sockets() -> Iterator[tuple[str, socket.socket]]:
    """Return the internet sockets of this process, each with a descriptor of our own: the other may close meanwhile."""
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
