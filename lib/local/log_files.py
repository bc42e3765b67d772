"""Logs as files that several processes append to, kept small by whoever looks after them."""

import os
import shutil
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LIMIT = 10 * 2**20  # bytes of a file; what was before is kept as FILE.1
MODE = 0o640  # it says who did what, so not everybody on the machine may read it


def open_log(path: Path) -> BinaryIO:
    """Open a log to add to it, made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
    with suppress(OSError):  # somebody else's: then they decide
        os.fchmod(file, MODE)
    return os.fdopen(file, "ab")


def before(path: Path) -> Path:
    """Name the file that holds the part before that in a log."""
    return path.with_name(f"{path.name}.1")


def shorten(path: Path) -> None:
    """Move what a full log holds into the file before it.

    Writers have it open and append, so they continue at its new beginning. What they write between the copy and the
    truncation, within milliseconds, is lost. If the disk is full, both files stay as they are.
    """
    with suppress(OSError):  # there is none, or the disk is full
        if path.stat().st_size > LIMIT:
            _copy(path, before(path))
            os.truncate(path, 0)


def _copy(path: Path, target: Path) -> None:
    """Put a copy in the place of the target, whole or not at all."""
    draft = target.with_name(f"{target.name}.new")
    try:
        with path.open("rb") as log, open_log(draft) as copy:
            copy.truncate(0)
            shutil.copyfileobj(log, copy)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def last_lines(path: Path, count: int) -> list[str]:
    """Read the last lines of a log; none when there is no log."""
    try:
        with path.open(errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, count)]
    except FileNotFoundError:
        return []
