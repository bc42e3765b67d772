"""Limits how many of a server's threads are active; the others sleep until some of the active ones block.

The server starts a thread for every request that finds none idle, and has to, because a client that sends its body
slowly holds one. But if as many threads as clients compete for the GIL, an event costs half as much again. So while
more threads are active than are useful, a thread goes to sleep after it has sent its answer; requests then wait in the
server's own queue, which costs nothing. When threads block, on a slow client, a lock or a database, others are woken.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock, Thread, get_ident
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lib.concurrency import MARK_BLOCKED
from lib.gates import Gate, new_gate
from lib.logs import get_logger

log = get_logger()

TICK = 0.05  # seconds between two checks for blocked threads, while others sleep
BLOCKED_AFTER = 0.1  # seconds in one request after which a thread counts as blocked
# Seconds after which some are woken in any case. The server ends threads that are idle for longer (THREAD_IDLE of
# app.server is above it), but counts the sleeping ones; if only those were left, it could start no other.
ROUND = 10
# The interpreter's switch interval, in seconds: short, so that a long answer delays no short one. But every waiting
# thread wakes that often, so with very many threads there would be time for nothing else; hence the long one.
SWITCH_INTERVAL, BUSY_SWITCH_INTERVAL = 0.002, 0.1
MANY = 32  # threads in a request from which the long interval applies


class ActiveThreadLimit:
    """Lets about `limit` threads be active, not counting blocked ones.

    `on_full` is called with each request that makes the number reach `limit`, so that the next has to wait.
    """

    def __init__(self, application: WSGIApplication, *, limit: int, on_full: Callable[[WSGIEnvironment], None]) -> None:
        self._application = application
        self._limit = limit
        self._on_full = on_full
        self._inside: dict[int, float] = {}  # each thread in a request, with when that began
        self._asleep: list[Gate] = []
        self._lock = Lock()
        self._any_asleep = Event()
        self._blocked = 0
        self._woken_at = 0.0
        self._is_monitored = False
        self._many = False
        self._interval_lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request."""
        me = get_ident()
        self._inside[me] = time.monotonic()
        inside = len(self._inside)
        if inside >= self._limit:
            self._on_full(environ)
            if inside > MANY and not self._many:
                self._set_switch_interval()
        environ[MARK_BLOCKED] = self.mark_blocked
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            self._leave(me)
            raise
        if type(answer) is not list:
            return StreamedAnswer(answer, self)
        if len(self._inside) - self._blocked <= self._limit:
            self._leave(me)
            return answer
        return CompleteAnswer(answer, self)

    def mark_blocked(self) -> None:
        """Stop counting this thread as active and wake another, because this one is about to block."""
        if self._inside.pop(get_ident(), None) is not None and self._asleep:
            self._wake(1)

    def leave(self) -> None:
        """Stop counting this thread, whose answer has been sent."""
        self._leave(get_ident())

    def end(self) -> None:
        """Leave, and sleep if too many threads are active."""
        too_many = len(self._inside) - self._blocked > self._limit
        self.leave()
        if too_many and self._monitor():
            gate = new_gate()
            with self._lock:
                self._asleep.append(gate)
                self._any_asleep.set()
            gate.acquire()

    def check(self, now: float) -> None:
        """Count blocked threads: if there are more than before, wake as many; wake a few from time to time anyway."""
        blocked = sum(since < now - BLOCKED_AFTER for since in tuple(self._inside.values()))
        grown, self._blocked = blocked > self._blocked, blocked
        if grown:
            self._wake(max(blocked, self._limit))
        elif now - self._woken_at > ROUND:
            self._woken_at = now
            self._wake(self._limit)

    def _leave(self, thread: int) -> None:
        self._inside.pop(thread, None)
        if self._many and len(self._inside) < MANY / 2:
            self._set_switch_interval()

    def _set_switch_interval(self) -> None:
        """Choose the interpreter's switch interval by the number of threads in a request."""
        with self._interval_lock:
            inside = len(self._inside)
            self._many = inside > MANY or (self._many and inside >= MANY / 2)
            sys.setswitchinterval(BUSY_SWITCH_INTERVAL if self._many else SWITCH_INTERVAL)

    def _monitor(self) -> bool:
        """Start the monitoring thread if necessary; return whether it runs, because without it no thread may sleep."""
        with self._lock:
            if not self._is_monitored:
                try:
                    Thread(target=self._keep_looking, name="active-threads", daemon=True).start()
                except RuntimeError:  # the system cannot start a thread
                    return False
                self._is_monitored = True
                self._woken_at = time.monotonic()
        return True

    def _keep_looking(self) -> None:
        while True:
            self._any_asleep.wait()
            time.sleep(TICK)
            try:
                self.check(time.monotonic())
            except Exception:
                # This thread must go on whatever it is: without it the sleeping ones would never wake.
                log.exception("active threads not checked")

    def _wake(self, number: int) -> None:
        with self._lock:
            for gate in self._asleep[-number:]:
                gate.release()
            del self._asleep[-number:]
            if not self._asleep:
                self._any_asleep.clear()
                self._blocked = 0  # the monitoring pauses, so this would go stale


class StreamedAnswer:
    """An answer in parts: its thread is active until the server closes it."""

    def __init__(self, answer: Iterable[bytes], threads: ActiveThreadLimit) -> None:
        self._answer = answer
        self._threads = threads

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the parts."""
        return iter(self._answer)

    def close(self) -> None:
        """Close the answer, then stop counting its thread."""
        try:
            if close := getattr(self._answer, "close", None):
                close()
        finally:
            self._threads.leave()


class CompleteAnswer:
    """A complete answer whose thread may sleep once it is sent.

    It is one part, so that the server need not wait for a client that reads slowly.
    """

    def __init__(self, answer: Iterable[bytes], threads: ActiveThreadLimit) -> None:
        self._whole = iter([b"".join(answer)])
        self._threads = threads

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the one part."""
        return self._whole

    def close(self) -> None:
        """Free the answer's memory, then let the thread sleep if too many are active."""
        self._whole = iter(())
        self._threads.end()
