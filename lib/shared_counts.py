"""Rate-limit counts in a Redis that all processes share; requests go on without it.

Flask-Limiter queries its storage within the request. If Redis does not answer a query in a quarter of a second, or
refuses it, this process uses its own counts, for that query and all others, until a thread reaches Redis again.
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

SCHEME = "shared+"  # the prefix of a Redis address that selects this storage
DEADLINE = 0.25  # seconds for a connection, and for a query
PAUSE = 0.5  # seconds between two attempts to reach it again

Answer = TypeVar("Answer")
log = get_logger()


class SharedCounts(Storage):
    """Counts in Redis while it answers, else in the memory of this process."""

    STORAGE_SCHEME = [f"{SCHEME}redis", f"{SCHEME}rediss", f"{SCHEME}redis+unix"]  # noqa: RUF012  # as in its base

    def __init__(self, uri: str, **_: object) -> None:
        address = uri.removeprefix(SCHEME)
        self._address = urlsplit(address)._replace(netloc=urlsplit(address).netloc.rpartition("@")[2]).geturl()
        # No retry within a request; the background thread retries.
        options = {"socket_timeout": DEADLINE, "socket_connect_timeout": DEADLINE, "retry": Retry(NoBackoff(), 0)}
        self._shared = RedisStorage(address, **options)  # type: ignore[arg-type]  # redis-py takes more than limits says
        self._own = MemoryStorage()
        self._lock = Lock()
        self._away = False
        super().__init__(uri)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The base class of Redis errors."""
        return RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a request."""
        return self._query(lambda counts: counts.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """Return the count of a key."""
        return self._query(lambda counts: counts.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when the count of a key expires, in seconds since 1970."""
        return self._query(lambda counts: counts.get_expiry(key))

    def check(self) -> bool:
        """Return true: there are always counts."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        return self._query(lambda counts: counts.reset())

    def clear(self, key: str) -> None:
        """Forget the count of a key."""
        self._query(lambda counts: counts.clear(key))

    def _query(self, query: Callable[[Storage], Answer]) -> Answer:
        if not self._away:
            try:
                return query(self._shared)
            except RedisError as error:
                self._fall_back(error)
        return query(self._own)

    def _fall_back(self, error: RedisError) -> None:
        with self._lock:
            if self._away:
                return
            self._away = True
        cause = f"{type(error).__name__}: {error}"
        log.error(
            "Redis of the limits does not answer, each process counts for itself", redis=self._address, cause=cause
        )
        Thread(target=self._wait_for_redis, name="limits", daemon=True).start()

    def _wait_for_redis(self) -> None:
        while not self._counts_again():
            time.sleep(PAUSE)
        self._away = False
        log.info("Redis of the limits answers again", redis=self._address)

    def _counts_again(self) -> bool:
        """Increment a count, because a Redis may answer and yet accept no changes."""
        try:
            self._shared.incr("looked for", expiry=1)
        except RedisError:
            return False
        return True
