"""Locks on files. The kernel drops them when their holder ends, also by `kill -9`: they are never stale."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.local.errors import LocalError

_PAUSE = 0.05


@contextmanager
def exclusive(path: Path, *, seconds: float, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock on `path`, made if need be; `waiting` is called once when another holds it.

    Raises:
        LocalError: it was not free within `seconds`.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        deadline, told = time.monotonic() + seconds, False
        while not _taken(file.fileno()):
            if waiting is not None and not told:
                waiting()
                told = True
            if time.monotonic() > deadline:
                raise LocalError(f"another command holds {path}: wait for it to end, or end it, and try again")
            time.sleep(_PAUSE)
        yield


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def held(path: Path) -> bool:
    """Tell whether another process holds the lock on `path`."""
    try:
        with path.open("rb") as file:
            # Shared: two who ask at once do not see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
