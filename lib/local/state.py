"""File locks, and the supervisor's: while that is held a supervisor runs, and its file says what it runs.

The kernel releases the lock of a process that ends, even by `kill -9`, so a lock is never stale.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lib.local.terminal import LocalError

_PAUSE = 0.05  # seconds
STOP_SECONDS = 55
_LENGTH = 2048  # bytes; constant, so that a full disk still has room for the next state


class LockHeld(LocalError):
    """Another process holds the lock."""


@contextmanager
def hold_lock(path: Path, *, seconds: float) -> Iterator[int]:
    """Lock a file, which is created if missing, and yield its descriptor.

    Raises `LockHeld` if another process still holds the lock after `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644)) as opened:
        deadline = time.monotonic() + seconds
        while not _try_lock(opened.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise LockHeld(f"another command holds {path}: wait for it to end, or end it, and try again")
            time.sleep(_PAUSE)
        yield opened.fileno()


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Return whether another process holds the lock."""
    try:
        with path.open("rb") as file:
            return not _try_lock(file.fileno(), fcntl.LOCK_SH)  # shared: two callers do not see each other's
    except FileNotFoundError:
        return False


def is_removed(descriptor: int, path: Path) -> bool:
    """Return whether the locked file is no longer at its path, so that other processes cannot see the lock."""
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except OSError:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a supervisor runs: the service's base URL, and by name each program's process id and number of starts.

    `ready` is true from the service's first answer until it is being stopped.
    """

    pid: int
    address: str
    ready: bool = False
    programs: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def write_state(descriptor: int, state: State) -> None:
    """Replace the state in the locked file."""
    os.pwrite(descriptor, json.dumps(asdict(state)).encode().ljust(_LENGTH), 0)


def running_state(path: Path) -> State | None:
    """Return the state of the running supervisor; None if none runs, or if its state cannot be read."""
    if not is_locked(path):
        return None
    with suppress(FileNotFoundError, ValueError, KeyError):
        facts = json.loads(path.read_text())
        programs = {name: (pid, starts) for name, (pid, starts) in facts.get("programs", {}).items()}
        # Release 0.1, which may still run, writes neither `ready` nor `programs`.
        return State(pid=facts["pid"], address=facts["address"], ready=facts.get("ready", True), programs=programs)
    return None


def stop_supervisor(path: Path) -> bool:
    """Stop the running supervisor, which stops what it has started; return whether one ran.

    One that takes too long is killed; its programs then end by themselves. Raises `LocalError` if it is another user's.
    """
    state = running_state(path)
    if state is None:
        return False
    _send(state, signal.SIGTERM)
    _send(state, signal.SIGCONT)  # a stopped process would not handle the signal
    deadline = time.monotonic() + STOP_SECONDS
    while (running := running_state(path)) and running.pid == state.pid:
        if time.monotonic() > deadline:
            _send(state, signal.SIGKILL)
        time.sleep(_PAUSE)
    return True


def _send(state: State, number: signal.Signals) -> None:
    try:
        os.kill(state.pid, number)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise LocalError(f"another user runs the supervisor (pid {state.pid}): do this as that user or root") from error
