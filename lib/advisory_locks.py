"""Advisory locks of PostgreSQL, for jobs that must not run twice at a time on any machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

PAUSE = 0.2  # seconds between two attempts


class LockNotAcquired(Exception):
    """Another session held the lock for as long as we waited."""


@contextmanager
def advisory_lock(engine: Engine, lock: int, *, timeout: float) -> Iterator[None]:
    """Hold an advisory lock on a separate connection; raises `LockNotAcquired` after `timeout` seconds.

    The lock ends with the connection, and so with this process, however it ends.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            due = time.monotonic() + timeout
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": lock}):
                if time.monotonic() >= due:
                    raise LockNotAcquired
                time.sleep(PAUSE)
            yield
        finally:
            connection.invalidate()
