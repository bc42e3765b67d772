"""A room: so many places for requests at work, and a line of those that wait for one."""

import sys
import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from lib.crew import Crew, Job
from lib.gates import Gate, new_gate, passed

NO_END = sys.maxsize  # of a line


class Room:
    """Has `places` for requests at work, and a line of at most `line` that wait for one.

    They wait as long as somebody was let in or has finished within the last `patience` seconds. `waited` is called for
    each that finds no place free, whether it waits or is turned away.
    """

    def __init__(
        self, places: int, *, patience: float, line: int = NO_END, waited: Callable[[], None] = lambda: None
    ) -> None:
        self._free = places
        self._patience = patience
        self._line = line
        self._waited = waited
        self._waiting: deque[Gate | Job] = deque()
        self._crew = Crew()
        self._lock = Lock()
        self._moved_at = time.monotonic()

    def enter(self) -> bool:
        """Take a place, if need be after some waiting; False where there is none to be had."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                return True
            gate = self._stand_in_line()
        self._waited()
        return gate is not None and self._let_in_later(gate)

    def leave(self) -> None:
        """Give the place to the first in the line, or leave it free."""
        if job := self._next():
            self._crew.start(job, self._next)

    def is_full(self) -> bool:
        """Tell whether no place is free, without waiting for one."""
        return not self._free

    def run_soon(self, job: Job) -> None:
        """Have a job run once a place is free: now by the caller, else by the crew, and until then by no thread.

        Where the line has reached its end, or does not move, the job is refused at once.
        """
        with self._lock:
            has_place = self._free > 0
            waits = not has_place and len(self._waiting) < self._line and self._patience_left() > 0
            if has_place:
                self._free -= 1
                self._moved_at = time.monotonic()
            elif waits:
                self._waiting.append(job)
        if has_place:
            self._run(job)
        else:
            self._waited()
            if not waits:
                job.refuse()

    def refuse_stalled(self) -> None:
        """Refuse the jobs in the line where nobody inside gets on; who waits with a thread of its own sees to that."""
        with self._lock:
            if not self._waiting or self._patience_left() > 0:
                return
            line = tuple(self._waiting)
            self._waiting.clear()  # it stays the same object: whoever leaves the line may just be looking at it
            self._waiting.extend(each for each in line if not isinstance(each, Job))
        for each in line:
            if isinstance(each, Job):
                each.refuse()

    def stuck(self, seconds: float) -> bool:
        """Tell whether all places have been taken, and nobody has moved, for so many seconds."""
        return not self._free and time.monotonic() - self._moved_at > seconds

    def _run(self, job: Job) -> None:
        if job.run():
            self.leave()

    def _next(self) -> Job | None:
        """Have the first in the line follow on a place: one with a thread is let in, a job is returned to be run."""
        with self._lock:
            self._moved_at = time.monotonic()
            if not self._waiting:
                self._free += 1
                return None
            first = self._waiting.popleft()
        if isinstance(first, Job):
            return first
        first.release()
        return None

    def _stand_in_line(self) -> "Gate | None":
        if len(self._waiting) >= self._line or self._patience_left() <= 0:
            return None
        gate = new_gate()
        self._waiting.append(gate)
        return gate

    def _patience_left(self) -> float:
        return self._moved_at + self._patience - time.monotonic()

    def _let_in_later(self, gate: Gate) -> bool:
        """Wait for a place, as long as those inside get on."""
        while (patience := self._patience_left()) > 0:
            if gate.acquire(timeout=patience):
                return True
        return passed(gate, self._waiting, self._lock)
