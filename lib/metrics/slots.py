"""A slot number for each worker, which names its files.

It is not the process id: a worker that replaces a dead one takes over its slot and continues its counts. So counters
never decrease, and there are never more files than there were workers at a time. The holder of a slot holds a file
lock, which the kernel releases when the process ends, however it ends.
"""

import fcntl
import os
from itertools import count
from pathlib import Path

# prometheus_client maps one file NAME_SLOT.db for each kind of metric.
CONTINUED = ("counter", "histogram")
OF_LIVE_WORKERS = ("gauge_livesum", "gauge_livemax", "gauge_livemostrecent")
# Bytes, several times what is needed. The whole file is allocated in advance: on a full disk, a process that writes to
# an unallocated part of a mapped file is killed.
CAPACITY = 256 * 1024
HEADER = 8


def take_slot(folder: Path) -> int:
    """Take the lowest slot that no live process holds, until this process ends, and prepare its files.

    Raises `OSError` if they cannot be made.
    """
    slot = next(number for number in count() if _locked(_lock(folder, number), fcntl.LOCK_EX))
    for name in (*CONTINUED, *OF_LIVE_WORKERS):
        _prepare(folder / f"{name}_{slot}.db", reset=name in OF_LIVE_WORKERS)
    return slot


def is_alive(folder: Path, slot: str) -> bool:
    """Return whether a live process holds the slot."""
    lock = _lock(folder, slot)
    try:
        return not _locked(lock, fcntl.LOCK_SH)  # shared: two checks at once do not see each other
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


def _prepare(file: Path, *, reset: bool) -> None:
    """Allocate a file; a header of zeros marks it as empty.

    This works in place, because on a full disk released space might not be available again.
    """
    file.touch()
    with file.open("r+b") as opened:
        if os.fstat(opened.fileno()).st_size < CAPACITY:
            opened.write(bytes(CAPACITY))
        elif reset:
            opened.write(bytes(HEADER))
