"""Ends a process when its parent has ended, however that ended.

A `kill -9` leaves the parent no time to end its children. But the kernel closes the files of a dead process, and a
read from a pipe ends when its writing end is closed: so a child that reads notices the death of the process that
holds the other end.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable

VARIABLE = "LIFELINE_FD"
_ORPHANED = 1


def watch() -> None:
    """Make this process end at once when the holder of its lifeline has ended.

    The lifeline is the reading end of a pipe; the environment variable LIFELINE_FD holds its descriptor. Without
    that variable (a service started by hand) nothing happens.

    Raises:
        ValueError: the variable is no number.
        OSError: the number is no open descriptor.

    """
    # Removed from the environment: the number is meaningless to the processes that this one will start.
    number = os.environ.pop(VARIABLE, None)
    if number is None:
        return
    lifeline = int(number)
    os.set_inheritable(lifeline, False)  # noqa: FBT003 - its signature
    _end_after(lambda: _read_to_end(lifeline))


def watch_parent() -> None:
    """Make this worker end at once when the process that made it with multiprocessing has ended.

    In a process that multiprocessing did not make, nothing happens.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def _end_after(wait: Callable[[], None]) -> None:
    def end() -> None:
        wait()
        # Not sys.exit: that ends only this thread, and the main one may be in a call that never returns.
        os._exit(_ORPHANED)

    threading.Thread(target=end, name="lifeline", daemon=True).start()


def _read_to_end(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
