"""Turns: of those who want the same thing, one at a time works and the others wait without keeping anybody else out.

The events of one player come one after the other anyway, by a lock of the database. Whoever waits there holds a
connection and a place in the room of its kind, so that a dozen events of one player would keep out all others.
Here they wait in their process, with a thread and nothing else.
"""

from collections import deque
from collections.abc import Hashable
from threading import Lock

from lib.admission import NoPlace, Place
from lib.gates import Gate, new_gate, passed
from lib.transactions import Unavailable


class Turns:
    """Gives turns by keys: one at a time for each, first come, first served.

    At most `line` wait, all keys together, each for at most `patience` seconds.
    """

    def __init__(self, *, line: int, patience: float) -> None:
        self._line = line
        self._patience = patience
        self._lines: dict[Hashable, deque[Gate] | None] = {}  # of each turn that is taken: who waits for it
        self._waiting = 0
        self._lock = Lock()

    def take(self, key: Hashable, place: Place) -> None:
        """Take the turn of a key; whoever has to wait for it gives back the place, and has it again afterwards.

        Raises `Unavailable` where it is not to be had in time, and `NoPlace` where afterwards no place is.
        """
        with self._lock:
            if key not in self._lines:
                self._lines[key] = None
                return
            if self._waiting >= self._line:
                raise Unavailable(f"too many requests wait for their turn; one is at work for {key}")
            gate, line = new_gate(), self._lines[key] or deque()
            line.append(gate)
            self._lines[key] = line
            self._waiting += 1
        place.give_back()
        place.step_aside()
        self._wait(key, gate, line)
        try:
            place.take()
        except NoPlace:
            self.pass_on(key)
            raise

    def pass_on(self, key: Hashable) -> None:
        """Give the turn of a key to the first who waits for it."""
        with self._lock:
            if line := self._lines[key]:
                line.popleft().release()
            else:
                del self._lines[key]

    def _wait(self, key: Hashable, gate: Gate, line: deque[Gate]) -> None:
        in_time = gate.acquire(timeout=self._patience) or passed(gate, line, self._lock)
        with self._lock:
            self._waiting -= 1
        if not in_time:
            raise Unavailable(f"it waited {self._patience} s for its turn; another is at work for {key}")
