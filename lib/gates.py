"""How a thread waits in a line: at a gate of its own, which whoever is before it opens."""

from collections import deque
from threading import Lock

Gate = Lock  # held while it is closed


def new_gate() -> Gate:
    """Make a gate that is closed; `release` opens it."""
    gate = Lock()
    gate.acquire()
    return gate


def passed(gate: Gate, line: deque[Gate], lock: Lock) -> bool:
    """Leave the line after having waited for too long; True where the gate was opened in this very moment."""
    with lock:
        if gate in line:
            line.remove(gate)
            return False
    return True
