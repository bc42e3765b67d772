"""What the supervisor tells the other commands: the lock that says that it runs, and the facts in it."""

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from lib.local.errors import LocalError
from lib.local.locks import held

_READ_ATTEMPTS = 20
_PAUSE = 0.05
_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A supervisor and its service.

    `service_pid` is 0 before the first start; `starts` counts the starts of the service. `mark` is what the supervisor
    and all that it starts have in their environment: a number alone may be anybody's by now.
    """

    pid: int
    host: str
    port: int
    address: str
    service_pid: int = 0
    starts: int = 0
    mark: str = ""


def read_state(path: Path) -> State | None:
    """Read the facts of the running supervisor; None when none runs."""
    for _ in range(_READ_ATTEMPTS):
        if not held(path):
            return None
        state = last_state(path)
        if state is not None:
            return state
        time.sleep(_PAUSE)  # between taking the lock and writing, or in the midst of writing
    raise LocalError(f"{path} is held and says nothing: end the process that holds it (fuser {path})")


def last_state(path: Path) -> State | None:
    """Read the facts of the supervisor that ran last, whether or not it runs now."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        return State(**json.loads(path.read_text()))
    return None


class Holder:
    """The supervisor's side: holds the lock from its making to its end, and writes the facts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b")

    def acquire(self, *, seconds: float) -> bool:
        """Take the lock; False when another supervisor still has it after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # also for the moment in which someone asks whether it is held
                if time.monotonic() > deadline:
                    return False
                time.sleep(_PAUSE)
            else:
                return True

    def write(self, state: State) -> None:
        """Write the facts, in place of the former ones: of one length, so that a full disk has room for them."""
        self._file.seek(0)
        self._file.write(json.dumps(asdict(state)).encode().ljust(_LENGTH))
        self._file.flush()

    def lost(self) -> bool:
        """Tell whether the file was removed: the checkout is gone, and nobody could stop us any more."""
        try:
            return os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino
        except OSError:
            return True

    def close(self) -> None:
        """Give the lock back."""
        self._file.close()
