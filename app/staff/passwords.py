"""Passwords, stored as argon2id, and never more than one being checked in a process (A69)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Among OWASP's equivalent choices the one with least memory (KiB) on a machine that events share.
MEMORY, PASSES, THREADS = 19_456, 2, 1
MAX_WAIT = 2.0  # seconds for another check; less than any client's patience

Result = TypeVar("Result")


class Busy(Exception):
    """Too many people sign in at once; nothing was checked."""

    def __init__(self) -> None:
        super().__init__("too many people sign in at this moment: try again in a few seconds")


class Passwords:
    """Hashes passwords, one at a time: each takes memory and a processor, which events need.

    They are hashed in one thread: the C library keeps the memory for each thread that ever asked for it.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY, parallelism=THREADS)
        self._turn = Semaphore()
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return what is stored of a password; raises `Busy`."""
        return self._alone(lambda: self._hasher.hash(password))

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Return whether this is the password; without a hash False, after the same work. Raises `Busy`."""
        return self._alone(lambda: self._verify(password_hash, password))

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash or self._of_nobody(), password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    def _alone(self, work: Callable[[], Result]) -> Result:
        with self.turn():
            return self._thread.submit(work).result()

    def _of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = self._hasher.hash("the password of nobody")
        return self._nobody

    def turn(self) -> "Turn":
        """Return a context in which no other password is checked; entering it raises `Busy`."""
        return Turn(self._turn)


class Turn:
    """A turn at checking a password; a context manager that raises `Busy` if none comes in time."""

    def __init__(self, turn: Semaphore) -> None:
        self._turn = turn

    def __enter__(self) -> None:
        if not self._turn.acquire(timeout=MAX_WAIT):
            raise Busy

    def __exit__(self, *_: object) -> None:
        self._turn.release()
