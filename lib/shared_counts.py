"""Rate-limit counts in a Redis that all processes share; requests go on without it.

Flask-Limiter queries its storage within the request. If Redis does not answer a query in a quarter of a second, refuses
it or answers nonsense, this process uses its own counts, for that query and all others, until a thread reaches Redis
again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
TICK = 0.1  # seconds between two looks for overdue queries
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
        self._due: dict[object, float] = {}  # the queries under way, each with its deadline (of `time.monotonic`)
        self._watch: Thread | None = None
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
                with self._deadline():
                    return query(self._shared)
            except Exception as error:  # noqa: BLE001  # whatever it answers: a limit must not stop a request
                self._fall_back(error)
        return query(self._own)

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """Cut the connections to Redis unless the block ends in time: the socket's timeout starts anew at each byte."""
        if self._watch is None:
            self._start_watch()
        query = object()
        self._due[query] = time.monotonic() + DEADLINE
        try:
            yield
        finally:
            del self._due[query]

    def _start_watch(self) -> None:
        with self._lock:
            if self._watch is None:
                self._watch = Thread(target=self._look_on, name="limits deadlines", daemon=True)
                self._watch.start()

    def _look_on(self) -> None:
        while True:
            time.sleep(TICK)
            # Closing a connection that its query gives up at the same moment may fail; this thread must go on.
            with suppress(Exception):
                if any(due < time.monotonic() for due in tuple(self._due.values())):
                    self._shared.storage.connection_pool.disconnect()

    def _fall_back(self, error: Exception) -> None:
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
            with self._deadline():
                self._shared.incr("looked for", expiry=1)
        except Exception:  # noqa: BLE001  # as above; without this thread Redis would never be used again
            return False
        return True
