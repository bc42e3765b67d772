"""A lock per key: requests for the same key work one at a time, and waiting ones block no other request.

A lock in the database serialises the events of a player anyway. But a request that waits there holds a connection and a
slot, so a dozen events of one player would block those of all others. Here requests wait within the process and hold
only a thread.
"""

import time
from collections import deque
from collections.abc import Hashable, Sequence
from threading import Lock

from lib.concurrency import NoFreeSlot, Slot
from lib.database_errors import Unavailable
from lib.gates import Gate, new_gate, opened_after_all


class KeyedLocks:
    """A lock for each key, granted first in, first out.

    At most `max_waiting` requests wait, for all keys together, each for at most `timeout` seconds.
    """

    def __init__(self, *, max_waiting: int, timeout: float) -> None:
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._queues: dict[Hashable, deque[Gate] | None] = {}  # by each locked key: the requests that wait for it
        self._waiting = 0
        self._lock = Lock()

    def acquire(self, key: Hashable, slot: Slot) -> None:
        """Lock a key. A request that has to wait frees its slot, and takes it again afterwards.

        Raises `Unavailable` if the key is not unlocked in time, and `NoFreeSlot` if no slot is free afterwards.
        """
        with self._lock:
            if self._lock_if_free(key):
                return
            if self._waiting >= self._max_waiting:
                raise Unavailable(f"too many requests wait for a lock; {key} is locked")
            gate, queue = self._enqueue(key)
        slot.give_back()
        slot.mark_blocked()
        if not self._wait(gate, queue, self._timeout):
            raise Unavailable(f"the request waited {self._timeout} s for the lock of {key}")
        try:
            slot.take()
        except NoFreeSlot:
            self.release(key)
            raise

    def acquire_all(self, keys: Sequence[Hashable], timeout: float | None = None) -> bool:
        """Lock all keys, one after the other, within `timeout` seconds in all; lock none and return False otherwise.

        Keys must come in one order everywhere, or two calls could each hold what the other waits for. A request that
        has to wait keeps its slot.
        """
        until = time.monotonic() + (self._timeout if timeout is None else timeout)
        for place, key in enumerate(keys):
            if not self._acquire_until(key, until):
                self.release_all(keys[:place])
                return False
        return True

    def release_all(self, keys: Sequence[Hashable]) -> None:
        """Unlock keys that are all locked."""
        for key in keys:
            self.release(key)

    def release(self, key: Hashable) -> None:
        """Unlock a key, or pass it to the first request that waits for it."""
        with self._lock:
            if queue := self._queues[key]:
                queue.popleft().release()
            else:
                del self._queues[key]

    def _acquire_until(self, key: Hashable, until: float) -> bool:
        with self._lock:
            if self._lock_if_free(key):
                return True
            timeout = until - time.monotonic()
            if timeout <= 0 or self._waiting >= self._max_waiting:
                return False
            gate, queue = self._enqueue(key)
        return self._wait(gate, queue, timeout)

    def _lock_if_free(self, key: Hashable) -> bool:
        if key in self._queues:
            return False
        self._queues[key] = None
        return True

    def _enqueue(self, key: Hashable) -> tuple[Gate, deque[Gate]]:
        gate, queue = new_gate(), self._queues[key] or deque()
        queue.append(gate)
        self._queues[key] = queue
        self._waiting += 1
        return gate, queue

    def _wait(self, gate: Gate, queue: deque[Gate], timeout: float) -> bool:
        in_time = gate.acquire(timeout=timeout) or opened_after_all(gate, queue, self._lock)
        with self._lock:
            self._waiting -= 1
        return in_time
