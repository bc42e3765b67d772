"""Limits how many requests of each kind work at a time, so that no kind takes the threads of another.

A server has a fixed number of threads. If all of them wait, for a database that has stopped or for a slow query that
many clients send, it answers no other request, not even a health check. Here each kind of request has a limited number
of slots. If none is free, a request waits in a queue, first in, first out, as long as those at work make progress: when
none has started or finished for a while, it is rejected at once. A queue may be bounded, so that waiting requests do
not hold all threads either.

A request takes its slot only when it has arrived whole (`acquire_slot`): a client that sends its body slowly costs only
a sleeping thread.
"""

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock, Timer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.gates import Gate, new_gate, opened_after_all

SLOT = "lib.concurrency.slot"  # the key of a request's slot in its WSGI environment
MARK_BLOCKED = "lib.concurrency.mark_blocked"  # the key of a function to call before its thread blocks
UNBOUNDED = sys.maxsize  # an unbounded queue


def _nothing() -> None:
    pass


class ConcurrencyLimit:
    """Lets `limit` requests work at a time, while at most `max_waiting` wait in a queue.

    A request waits while another has started or finished within the last `stall_timeout` seconds, and for at most
    `max_wait` seconds. `cooldown` maps the seconds for which a slot was used to the seconds for which it then stays
    empty even if requests wait. With `marks_blocked`, the threads of waiting requests are not counted as active
    (`lib.active_threads`).
    """

    def __init__(  # noqa: PLR0913  # each is an independent rule
        self,
        limit: int,
        *,
        stall_timeout: float,
        max_waiting: int = UNBOUNDED,
        cooldown: Callable[[float], float] | None = None,
        max_wait: float = math.inf,
        marks_blocked: bool = False,
    ) -> None:
        self._free = limit
        self._stall_timeout = stall_timeout
        self._max_waiting = max_waiting
        self._cooldown = cooldown
        self._max_wait = max_wait
        self._marks_blocked = marks_blocked
        self._waiting: deque[Gate] = deque()
        self._lock = Lock()
        self._moved_at = time.monotonic()

    def enter(self, mark_blocked: Callable[[], None] = _nothing) -> bool:
        """Take a slot, waiting if necessary; return False if the request is rejected."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return True
            gate = self._enqueue()
        if gate is None:
            return False
        if self._marks_blocked:
            mark_blocked()
        return self._wait(gate)

    def leave(self) -> None:
        """Pass the slot to the first request in the queue, or free it."""
        with self._lock:
            self._moved_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def leave_after(self, seconds: float) -> None:
        """Give up a slot that was used for `seconds`; it may have to stay empty for a while first."""
        rest = self._cooldown(seconds) if self._cooldown and self._waiting else 0.0
        if rest > 0:
            self._moved_at = time.monotonic()
            ending = Timer(rest, self.leave)
            ending.daemon = True
            with suppress(RuntimeError):  # the system cannot start a thread
                ending.start()
                return
        self.leave()

    def progressed_within(self, seconds: float) -> bool:
        """Return whether a request has started or finished within the last `seconds`."""
        return time.monotonic() - self._moved_at < seconds

    def is_stalled(self, seconds: float) -> bool:
        """Return whether all slots are in use and no request has started or finished for `seconds`."""
        return not self._free and time.monotonic() - self._moved_at > seconds

    def _enqueue(self) -> "Gate | None":
        if len(self._waiting) >= self._max_waiting or self._until_stalled() <= 0:
            return None
        gate = new_gate()
        self._waiting.append(gate)
        return gate

    def _until_stalled(self) -> float:
        return self._moved_at + self._stall_timeout - time.monotonic()

    def _wait(self, gate: Gate) -> bool:
        """Wait for a slot as long as the requests at work make progress."""
        until = time.monotonic() + self._max_wait
        while (timeout := min(self._until_stalled(), until - time.monotonic())) > 0:
            if gate.acquire(timeout=timeout):
                return True
        return opened_after_all(gate, self._waiting, self._lock)


class NoFreeSlot(Exception):
    """The request was rejected: no slot became free."""

    def __init__(self) -> None:
        super().__init__("all slots for such requests are in use, and none makes progress or too many requests wait")


class Slot:
    """A request's slot, which it holds only while it works: not before it arrived, nor while it waits for a key.

    `complete_since` (of `time.monotonic`) is when it was first wanted, when the request had arrived whole.
    """

    __slots__ = ("_held", "_held_since", "_limit", "complete_since", "mark_blocked")

    def __init__(self, limit: ConcurrencyLimit, mark_blocked: Callable[[], None] = _nothing) -> None:
        self._limit = limit
        self.mark_blocked = mark_blocked
        self._held = False
        self._held_since = 0.0
        self.complete_since: float | None = None

    def take(self) -> None:
        """Take the slot, waiting if necessary; raises `NoFreeSlot`. Does nothing if it is already held."""
        if self._held:
            return
        if self.complete_since is None:
            self.complete_since = time.monotonic()
        if not self._limit.enter(self.mark_blocked):
            raise NoFreeSlot
        self._held = True
        self._held_since = time.monotonic()

    def give_back(self) -> None:
        """Free the slot; does nothing if it is not held."""
        if self._held:
            self._held = False
            self._limit.leave_after(time.monotonic() - self._held_since)


LimitFor = Callable[[str], ConcurrencyLimit | None]  # from a path to its limit; None: unlimited


class AdmissionControl:
    """Admits up to `max_requests` requests; each gets a slot of the limit that `limit_for` returns for its path.

    If that is None, the request is not limited. `reject` answers the requests beyond `max_requests`.
    """

    def __init__(
        self, application: WSGIApplication, *, limit_for: LimitFor, max_requests: int, reject: WSGIApplication
    ) -> None:
        self._application = application
        self._limit_for = limit_for
        self._max_requests = max_requests
        self._reject = reject
        self._inside: set[Slot] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or reject it if there are too many."""
        limit = self._limit_for(environ["PATH_INFO"])
        if limit is None:
            return self._application(environ, start_response)
        if len(self._inside) >= self._max_requests:
            return self._reject(environ, start_response)
        slot = environ[SLOT] = Slot(limit, environ.get(MARK_BLOCKED, _nothing))
        self._inside.add(slot)
        try:
            return self._application(environ, start_response)
        finally:
            self._inside.discard(slot)
            slot.give_back()

    def oldest_request_age(self) -> float:
        """Return the age in seconds of the oldest unanswered request, counted from when it had arrived whole."""
        now = time.monotonic()
        return max((now - slot.complete_since for slot in tuple(self._inside) if slot.complete_since), default=0.0)


def release_slot(environ: WSGIEnvironment) -> None:
    """Give up the slot of a request that is about to wait for somebody else's server; `acquire_slot` takes it again.

    Meanwhile the request holds a thread only, and others of its kind are answered.
    """
    if slot := environ.get(SLOT):
        slot.give_back()


def acquire_slot(environ: WSGIEnvironment) -> None:
    """Take the slot of a request that has arrived whole, waiting if necessary; raises `NoFreeSlot`.

    Does nothing for a request that is not limited.
    """
    if slot := environ.get(SLOT):
        slot.take()
