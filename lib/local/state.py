"""Locks on files, and the one that the supervisor holds: it says that it runs, and has the facts about it inside.

The kernel drops a lock when its holder ends, also by `kill -9`: it is never stale.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lib.local.errors import LocalError

_PAUSE = 0.05
_LENGTH = 2048  # always the same, so that a full disk has room for newer facts


class HeldByAnother(LocalError):
    """Another process holds a lock."""


@contextmanager
def exclusive(path: Path, *, seconds: float) -> Iterator[int]:
    """Hold the lock on `path`, made if need be, and yield its open file.

    Raises `HeldByAnother` if it does not become free in so many seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644)) as opened:
        deadline = time.monotonic() + seconds
        while not _take(opened.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise HeldByAnother(f"another command holds {path}: wait for it to end, or end it, and try again")
            time.sleep(_PAUSE)
        yield opened.fileno()


def _take(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def held(path: Path) -> bool:
    """Tell whether another process holds the lock on `path`."""
    try:
        with path.open("rb") as file:
            return not _take(file.fileno(), fcntl.LOCK_SH)  # shared: two who ask at once do not see each other
    except FileNotFoundError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A supervisor, where its service listens, and of each program its process id and how often it was started.

    It is `ready` when the service has answered, until it is stopped. `mark` is what all that it starts has in its
    environment: a process id may be anybody's by now.
    """

    pid: int
    address: str
    mark: str
    ready: bool = False
    programs: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def write_state(file: int, state: State) -> None:
    """Write the facts into the open file of the lock, in place of the former ones."""
    os.pwrite(file, json.dumps(asdict(state)).encode().ljust(_LENGTH), 0)


def last_state(path: Path) -> State | None:
    """Read the facts of the supervisor that ran last, whether or not it runs now."""
    with suppress(FileNotFoundError, ValueError, KeyError):
        facts = json.loads(path.read_text())
        programs = {name: (pid, starts) for name, (pid, starts) in facts.get("programs", {}).items()}
        known = {name: facts[name] for name in ("pid", "address", "mark")}
        # The release before, which may still run, says no more than that.
        return State(**known, ready=facts.get("ready", True), programs=programs)
    return None


def running_state(path: Path) -> State | None:
    """Read the facts of the running supervisor; None when none runs."""
    return last_state(path) if held(path) else None


def lost(file: int, path: Path) -> bool:
    """Tell whether the file of a lock was removed, so that nobody could find its holder any more."""
    try:
        return os.fstat(file).st_ino != path.stat().st_ino
    except OSError:
        return True
