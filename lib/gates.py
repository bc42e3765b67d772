"""Gates at which threads wait in a queue: each waits at its own gate, which another thread opens."""

from collections import deque
from threading import Lock

Gate = Lock  # held while it is closed


def new_gate() -> Gate:
    """Make a closed gate; `release` opens it."""
    gate = Lock()
    gate.acquire()
    return gate


def opened_after_all(gate: Gate, queue: deque[Gate], lock: Lock) -> bool:
    """Leave the queue after a timeout; return True if the gate was opened in the meantime."""
    with lock:
        if gate in queue:
            queue.remove(gate)
            return False
    return True
