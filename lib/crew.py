"""Threads that run jobs one after the other, as long as there are any: a thread that is at work is warm.

Whoever hands a job over does not wait for it. A thread that has none is kept for a while; the one that was last at work
gets the next.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Lock, Thread

from lib.gates import new_gate

IDLE = 30.0  # seconds for which a thread is kept


class Job(ABC):
    """What is to be run with a place, or refused; neither may raise anything."""

    __slots__ = ()

    @abstractmethod
    def run(self) -> bool:
        """Run it; tell whether the place that it was run with is left for the next."""

    @abstractmethod
    def refuse(self) -> None:
        """Say that there is no place for it."""


Next = Callable[[], Job | None]


class Member:
    """A thread of the crew: the job that it was given last, and the gate at which it waits for the next."""

    __slots__ = ("gate", "job")

    def __init__(self, job: Job) -> None:
        self.gate = new_gate()
        self.job = job


class Crew:
    """Starts jobs in threads of its own."""

    def __init__(self) -> None:
        self._idle: list[Member] = []
        self._lock = Lock()

    def start(self, job: Job, following: Next) -> None:
        """Run a job, then what `following` returns, until that is nothing."""
        with self._lock:
            member = self._idle.pop() if self._idle else None
        if member:
            member.job = job
            member.gate.release()
        else:
            self._start_new(job, following)

    def _start_new(self, job: Job, following: Next) -> None:
        try:
            Thread(target=self._work, args=(Member(job), following), name="crew", daemon=True).start()
        except RuntimeError:  # the system has no thread to give: better slowly than not at all
            _run_all(job, following)

    def _work(self, member: Member, following: Next) -> None:
        while True:
            _run_all(member.job, following)
            with self._lock:
                self._idle.append(member)
            if not member.gate.acquire(timeout=IDLE) and not self._is_wanted(member):
                return

    def _is_wanted(self, member: Member) -> bool:
        """Leave; True where a job was given in this very moment."""
        with self._lock:
            if member in self._idle:
                self._idle.remove(member)
                return False
        member.gate.acquire()
        return True


def _run_all(first: Job, following: Next) -> None:
    job: Job | None = first
    while job:
        job = following() if job.run() else None
