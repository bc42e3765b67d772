"""A number for each worker, under which its files are found.

Not its process id: a worker that takes the place of a dead one takes its number, too, and counts on where that one
ended. So counters never go back, and there are never more files than there were workers at a time. Who holds a
number holds the lock of a file; the kernel drops it when the process ends, however that ended.
"""

import fcntl
import os
from itertools import count
from pathlib import Path

# What prometheus_client writes for each kind of metric here: NAME_NUMBER.db, a file mapped into memory.
COUNTED_ON = ("counter", "histogram")
OF_THE_LIVING = ("gauge_livesum", "gauge_livemax")
# Bytes, several times of what is needed. All of it is written beforehand: a process that writes to a part of a mapped
# file for which a full disk has no room is killed.
CAPACITY = 256 * 1024
HEADER = 8


def take_slot(folder: Path) -> int:
    """Take the lowest number that no living process holds, until this one ends, and make its files ready.

    Raises `OSError` when they cannot be made.
    """
    slot = next(number for number in count() if _locked(_lock(folder, number), fcntl.LOCK_EX))
    for name in (*COUNTED_ON, *OF_THE_LIVING):
        _make_ready(folder / f"{name}_{slot}.db", anew=name in OF_THE_LIVING)
    return slot


def lives(folder: Path, slot: str) -> bool:
    """Tell whether a living process holds the number."""
    lock = _lock(folder, slot)
    try:
        return not _locked(lock, fcntl.LOCK_SH)  # shared: two who ask at once do not see each other
    finally:
        os.close(lock)


def _lock(folder: Path, slot: int | str) -> int:
    return os.open(folder / f"worker_{slot}.lock", os.O_CREAT | os.O_RDWR, 0o640)


def _locked(lock: int, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_ready(file: Path, *, anew: bool) -> None:
    """Let a file have its size; zeros at its beginning say that it holds nothing.

    In place: on a full disk, what takes its room already must go on to do so.
    """
    file.touch()
    with file.open("r+b") as opened:
        if os.fstat(opened.fileno()).st_size < CAPACITY:
            opened.write(bytes(CAPACITY))
        elif anew:
            opened.write(bytes(HEADER))
