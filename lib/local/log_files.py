"""Log files that several processes append to."""

import os
import shutil
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MAX_SIZE = 10 * 2**20  # bytes
_QUOTED = 15  # lines
MODE = 0o640  # logs say who did what, so other users may not read them


def open_log(path: Path) -> BinaryIO:
    """Open a log to append to it, creating it if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
    with suppress(OSError):  # the file is another user's, who decides its mode
        os.fchmod(file, MODE)
    return os.fdopen(file, "ab")


def rotated(path: Path) -> Path:
    """Return the file to which a full log is moved."""
    return path.with_name(f"{path.name}.1")


def rotate(path: Path) -> None:
    """If a log is larger than MAX_SIZE, move its content to the rotated file, which is replaced.

    The log itself is truncated, because its writers keep it open; since they append, they continue at its new
    beginning. What they write between the copy and the truncation, within milliseconds, is lost. On a full disk both
    files stay as they are.
    """
    with suppress(OSError):  # there is no log, or the disk is full
        if path.stat().st_size > MAX_SIZE:
            _copy(path, rotated(path))
            os.truncate(path, 0)


def _copy(path: Path, target: Path) -> None:
    """Replace the target by a copy, atomically."""
    draft = target.with_name(f"{target.name}.new")
    try:
        with path.open("rb") as log, open_log(draft) as copy:
            copy.truncate(0)
            shutil.copyfileobj(log, copy)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log; none if there is no log."""
    try:
        with path.open(errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, count)]
    except FileNotFoundError:
        return []


def quoted_end(path: Path) -> str:
    """Return the name of a log and, below it, its last lines, for an error message."""
    return "\n  ".join([f"{path}:", *last_lines(path, _QUOTED)])
