"""Signs of life: a process that works says so once a second, and whoever watches it hears that over a pipe.

Nobody is asked and nobody waits: a stopped process cannot answer, and a watcher that waited for it would be the next.
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

Line: TypeAlias = "Connection[Any, Any]"

VARIABLE = "HEARTBEAT_FD"
PERIOD = 1.0  # seconds between two signs of life
SIZE = 8  # bytes of one, so that a write is whole or not at all
ROOM = 8192 * SIZE


def make_line() -> tuple[Line, Line]:
    """Make a pipe for signs of life; return the ends for who hears them and for who gives them.

    Either may be handed to a process that multiprocessing makes.
    """
    ear, mouth = Pipe(duplex=False)
    for end in (ear, mouth):
        os.set_blocking(end.fileno(), False)
    return ear, mouth


def beat(mouth: int) -> None:
    """Say that this process works, at this open file."""
    # The pipe is full where nobody hears it just now, and broken where nobody ever will.
    with suppress(OSError):
        os.write(mouth, os.getpid().to_bytes(SIZE, "big"))


def heard(ear: int) -> set[int]:
    """Return the numbers of the processes that said so since they were heard last."""
    told = b""
    with suppress(BlockingIOError):
        told = os.read(ear, ROOM)
    return {int.from_bytes(told[start : start + SIZE], "big") for start in range(0, len(told), SIZE)}


def inherited_mouth() -> int | None:
    """Return the end that whoever started this process listens to: HEARTBEAT_FD; None where nobody does.

    Raises `ValueError` where the variable holds no number, and `OSError` where that is not of an open file.
    """
    number = os.environ.pop(VARIABLE, None)  # it means nothing to the processes that this one will start
    if number is None:
        return None
    mouth = int(number)
    os.set_inheritable(mouth, False)  # noqa: FBT003 - its signature
    return mouth


class Pulse:
    """Beats for this process from now on, for as long as `works` says that it does, in a thread of its own.

    That thread runs as long as Python does: not in a stopped process, nor where something never lets go of the
    interpreter. What else counts as working, `works` knows.
    """

    def __init__(self, mouth: int) -> None:
        self._mouth = mouth
        self.works: Callable[[], bool] = lambda: True
        threading.Thread(target=self._beat_on, name="pulse", daemon=True).start()

    def _beat_on(self) -> None:
        while True:
            if self.works():
                beat(self._mouth)
            time.sleep(PERIOD)
