"""Counts of a limit in a Redis that all processes share, and that stops nobody when it is away.

Flask-Limiter asks a storage within the request. Here a question that is not answered in a quarter of a second, or is
refused, is answered from the counts of this process, and so are all others, until a thread finds the Redis again.
"""

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import TypeVar
from urllib.parse import urlsplit

from limits.storage import MemoryStorage, RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from lib.logs import get_logger

SCHEME = "shared+"  # before the address of a Redis: the counts there, with a deadline
DEADLINE = 0.25  # seconds that a connection, and a question, may take
PAUSE = 0.5  # seconds between two tries to find it again

Answer = TypeVar("Answer")
log = get_logger()


class SharedCounts(Storage):
    """Counts in Redis while it answers, else in the memory of this process."""

    STORAGE_SCHEME = [f"{SCHEME}redis", f"{SCHEME}rediss", f"{SCHEME}redis+unix"]  # noqa: RUF012  # as its base has it

    def __init__(self, uri: str, **_: object) -> None:
        address = uri.removeprefix(SCHEME)
        self._place = urlsplit(address)._replace(netloc=urlsplit(address).netloc.rpartition("@")[2]).geturl()
        # Not tried again within a request: the next question is for that.
        waits = {"socket_timeout": DEADLINE, "socket_connect_timeout": DEADLINE, "retry": Retry(NoBackoff(), 0)}
        self._shared = RedisStorage(address, **waits)  # type: ignore[arg-type]  # redis-py takes more than limits says
        self._own = MemoryStorage()
        self._lock = Lock()
        self._away = False
        super().__init__(uri)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors of Redis."""
        return RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a request."""
        return self._ask(lambda counts: counts.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """Return how many were counted."""
        return self._ask(lambda counts: counts.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when that many are forgotten, in seconds since 1970."""
        return self._ask(lambda counts: counts.get_expiry(key))

    def check(self) -> bool:
        """Tell that there are always counts."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        return self._ask(lambda counts: counts.reset())

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._ask(lambda counts: counts.clear(key))

    def _ask(self, question: Callable[[Storage], Answer]) -> Answer:
        if not self._away:
            try:
                return question(self._shared)
            except RedisError as error:
                self._do_without(error)
        return question(self._own)

    def _do_without(self, error: RedisError) -> None:
        with self._lock:
            if self._away:
                return
            self._away = True
        cause = f"{type(error).__name__}: {error}"
        log.error("Redis of the limits does not answer, each process counts for itself", redis=self._place, cause=cause)
        Thread(target=self._await_it, name="limits", daemon=True).start()

    def _await_it(self) -> None:
        while not self._counts_again():
            time.sleep(PAUSE)
        self._away = False
        log.info("Redis of the limits answers again", redis=self._place)

    def _counts_again(self) -> bool:
        """Count something: a Redis may answer and take no changes."""
        try:
            self._shared.incr("looked for", expiry=1)
        except RedisError:
            return False
        return True
