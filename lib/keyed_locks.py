"""A lock per key: requests for the same key work one at a time, and waiting ones block no other request.

A lock in the database serialises the events of a player anyway. But a request that waits there holds a connection and a
slot, so a dozen events of one player would block those of all others. Here requests wait within the process and hold
only a thread.
"""

from collections import deque
from collections.abc import Hashable
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
            if key not in self._queues:
                self._queues[key] = None
                return
            if self._waiting >= self._max_waiting:
                raise Unavailable(f"too many requests wait for a lock; {key} is locked")
            gate, queue = new_gate(), self._queues[key] or deque()
            queue.append(gate)
            self._queues[key] = queue
            self._waiting += 1
        slot.give_back()
        slot.mark_blocked()
        self._wait(key, gate, queue)
        try:
            slot.take()
        except NoFreeSlot:
            self.release(key)
            raise

    def release(self, key: Hashable) -> None:
        """Unlock a key, or pass it to the first request that waits for it."""
        with self._lock:
            if queue := self._queues[key]:
                queue.popleft().release()
            else:
                del self._queues[key]

    def _wait(self, key: Hashable, gate: Gate, queue: deque[Gate]) -> None:
        in_time = gate.acquire(timeout=self._timeout) or opened_after_all(gate, queue, self._lock)
        with self._lock:
            self._waiting -= 1
        if not in_time:
            raise Unavailable(f"the request waited {self._timeout} s for the lock of {key}")
