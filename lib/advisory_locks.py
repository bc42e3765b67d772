"""One at a time, over all machines: a work that must not be done twice at once waits for its turn, or gives up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

PAUSE = 0.2  # seconds between two looks whether it is our turn


class TurnTaken(Exception):
    """Somebody else was at it for as long as we waited."""


@contextmanager
def turn(engine: Engine, lock: int, *, patience: float) -> Iterator[None]:
    """Hold an advisory lock on a connection of its own; raises `TurnTaken` after so many seconds.

    It ends with the connection, so also with its owner, however that ends.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            due = time.monotonic() + patience
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": lock}):
                if time.monotonic() >= due:
                    raise TurnTaken
                time.sleep(PAUSE)
            yield
        finally:
            connection.invalidate()
