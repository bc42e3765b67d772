"""Heartbeats: a working process writes to a pipe once a second, and its watcher reads them.

The watcher neither asks nor waits: a stopped process cannot answer, and a watcher that waited for it would hang too.
"""

import os
import threading
import time
from contextlib import suppress
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

PipeEnd: TypeAlias = "Connection[Any, Any]"

VARIABLE = "HEARTBEAT_FD"
PERIOD = 1.0  # seconds between two heartbeats
SIZE = 8  # bytes of a heartbeat, few enough for an atomic write
MAX_READ = 8192 * SIZE


def make_pipe() -> tuple[PipeEnd, PipeEnd]:
    """Make a pipe for heartbeats; return its reading and its writing end.

    Either may be passed to a process that multiprocessing makes.
    """
    reader, writer = Pipe(duplex=False)
    for end in (reader, writer):
        os.set_blocking(end.fileno(), False)
    return reader, writer


def beat(writer: int) -> None:
    """Write a heartbeat of this process to this descriptor."""
    # The pipe is full while nobody reads it, and broken once nobody ever will.
    with suppress(OSError):
        os.write(writer, os.getpid().to_bytes(SIZE, "big"))


def read_beats(reader: int) -> set[int]:
    """Return the ids of the processes that have sent a heartbeat since the last call."""
    beats = b""
    with suppress(BlockingIOError):
        beats = os.read(reader, MAX_READ)
    return {int.from_bytes(beats[start : start + SIZE], "big") for start in range(0, len(beats), SIZE)}


def inherited_writer() -> int | None:
    """Return the writing end that this process inherited, from HEARTBEAT_FD; None if that is not set.

    Raises `ValueError` if the variable is no number, and `OSError` if that is no open descriptor.
    """
    number = os.environ.pop(VARIABLE, None)  # meaningless to the processes that this one will start
    if number is None:
        return None
    writer = int(number)
    os.set_inheritable(writer, False)  # noqa: FBT003 - its signature
    return writer


class Pulse:
    """Sends the heartbeats of this process while `works` returns true, from a separate thread.

    The thread does not run while the process is stopped, or while something never releases the GIL; `works` decides
    what else counts as working.
    """

    def __init__(self, writer: int) -> None:
        self._writer = writer
        self.works: Callable[[], bool] = lambda: True
        threading.Thread(target=self._beat_on, name="pulse", daemon=True).start()

    def _beat_on(self) -> None:
        while True:
            if self.works():
                beat(self._writer)
            time.sleep(PERIOD)
