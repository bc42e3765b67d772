"""Talking to the person at the terminal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TAIL_BYTES = 65_536


def say(text: str) -> None:
    """Tell what happens; on standard error, since the output of some commands is read by programs."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step as a line, with the seconds that it took at its end."""
    print(title, end=" ... ", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - began:.1f} s")


def tail(path: Path, lines: int) -> list[str]:
    """Read the last lines of a log; none when there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(tail_begins(path, lines))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def tail_begins(path: Path, lines: int) -> int:
    """Tell at which byte of a log its last lines begin."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        read = file.read(_TAIL_BYTES)
    return max(0, size - _TAIL_BYTES) + len(read) - sum(map(len, read.splitlines(keepends=True)[-lines:]))
