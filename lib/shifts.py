"""As many of a server's threads are awake as are of use; the others sleep until some of those are held up.

The server makes a thread for every request that finds none idle, and has to: whoever is slow to send a body holds one.
But when as many threads as clients take turns at the interpreter, an event costs half as much again. So where more are
at work than are of use, the one that has answered goes to sleep, once its answer was sent; requests then wait in the
server's own queue, which costs nothing. When threads are held up, by a slow client, a lock or a database, others are
woken in their place.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock, Thread, get_ident
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.admission import ASIDE
from lib.gates import Gate, new_gate
from lib.logs import get_logger

log = get_logger()

TICK = 0.05  # seconds between two looks for threads that are held up, while others sleep
HELD_UP = 0.1  # seconds in one request after which a thread counts as held up
# Seconds after which some are woken in any case: the server ends those that are idle for longer (THREAD_IDLE of
# app.server is above it), and counts those that sleep; were they all that is left, it could make no other.
ROUND = 10
# Seconds after which a thread that computes makes way for others: soon, so that a long answer delays no short one; but
# each one that waits for it wakes that often, so of very many none would have time for anything else.
SOON, LATE = 0.002, 0.1
MANY = 32  # threads in a request


class Shifts:
    """Lets about `most` threads be awake, besides those that are held up.

    `taken` is told of each request that takes the last of them, so that the next has to wait.
    """

    def __init__(self, application: WSGIApplication, *, most: int, taken: Callable[[WSGIEnvironment], None]) -> None:
        self._application = application
        self._most = most
        self._taken = taken
        self._inside: dict[int, float] = {}  # the threads in a request, each with when it began
        self._asleep: list[Gate] = []
        self._lock = Lock()
        self._somebody_sleeps = Event()
        self._held_up = 0
        self._woken_at = 0.0
        self._looking = False
        self._many = False
        self._changing = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""
        me = get_ident()
        self._inside[me] = time.monotonic()
        inside = len(self._inside)
        if inside >= self._most:
            self._taken(environ)
            if inside > MANY and not self._many:
                self._share()
        environ[ASIDE] = self.step_aside
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            self._leave(me)
            raise
        if type(answer) is not list:
            return Leaving(answer, self)
        if len(self._inside) - self._held_up <= self._most:
            self._leave(me)
            return answer
        return Last(answer, self)

    def step_aside(self) -> None:
        """Count no longer as one at work, and have another woken: this thread is about to wait for something."""
        if self._inside.pop(get_ident(), None) is not None and self._asleep:
            self._wake(1)

    def leave(self) -> None:
        """Be at work no longer, after the answer of this thread was sent."""
        self._leave(get_ident())

    def end(self) -> None:
        """Leave, and sleep where more are at work than are of use."""
        too_many = len(self._inside) - self._held_up > self._most
        self.leave()
        if too_many and self._is_looked_on():
            gate = new_gate()
            with self._lock:
                self._asleep.append(gate)
                self._somebody_sleeps.set()
            gate.acquire()

    def look(self, now: float) -> None:
        """Wake as many as are held up, whenever there are more of them, and a few from time to time."""
        held_up = sum(since < now - HELD_UP for since in tuple(self._inside.values()))
        grown, self._held_up = held_up > self._held_up, held_up
        if grown:
            self._wake(max(held_up, self._most))
        elif now - self._woken_at > ROUND:
            self._woken_at = now
            self._wake(self._most)

    def _leave(self, thread: int) -> None:
        self._inside.pop(thread, None)
        if self._many and len(self._inside) < MANY / 2:
            self._share()

    def _share(self) -> None:
        """Say for how long a thread may compute, by how many are inside."""
        with self._changing:
            inside = len(self._inside)
            self._many = inside > MANY or (self._many and inside >= MANY / 2)
            sys.setswitchinterval(LATE if self._many else SOON)

    def _is_looked_on(self) -> bool:
        """Tell whether a thread looks for those that are held up; without one, nobody may sleep."""
        with self._lock:
            if not self._looking:
                try:
                    Thread(target=self._keep_looking, name="shifts", daemon=True).start()
                except RuntimeError:  # the system has no thread to give
                    return False
                self._looking = True
                self._woken_at = time.monotonic()
        return True

    def _keep_looking(self) -> None:
        while True:
            self._somebody_sleeps.wait()
            time.sleep(TICK)
            try:
                self.look(time.monotonic())
            except Exception:
                # Whatever it is: without this thread those that sleep would do so for ever.
                log.exception("shifts disturbed")

    def _wake(self, number: int) -> None:
        with self._lock:
            for gate in self._asleep[-number:]:
                gate.release()
            del self._asleep[-number:]
            if not self._asleep:
                self._somebody_sleeps.clear()
                self._held_up = 0  # nobody looks any more; those that come next are counted anew


class Leaving:
    """An answer in parts: its thread is at work until the server has closed it."""

    def __init__(self, answer: Iterable[bytes], shifts: Shifts) -> None:
        self._answer = answer
        self._shifts = shifts

    def __iter__(self) -> Iterator[bytes]:
        """Return the parts."""
        return iter(self._answer)

    def close(self) -> None:
        """End the answer, and leave."""
        try:
            if close := getattr(self._answer, "close", None):
                close()
        finally:
            self._shifts.leave()


class Last:
    """A whole answer, with which the shift of its thread ends once it was sent.

    In one part, so that the server need not wait for whoever is slow to read it.
    """

    def __init__(self, answer: Iterable[bytes], shifts: Shifts) -> None:
        self._whole = iter([b"".join(answer)])
        self._shifts = shifts

    def __iter__(self) -> Iterator[bytes]:
        """Return the one part."""
        return self._whole

    def close(self) -> None:
        """End the shift; nothing is kept meanwhile."""
        self._whole = iter(())
        self._shifts.end()
