"""Talking to the person at the terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def say(text: str) -> None:
    """Tell what happens; on standard error, since the output of some commands is read by programs."""
    _print(f"{text}\n")


def _print(text: str) -> None:
    with suppress(OSError):  # whoever listened is gone
        print(text, end="", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step as a line, with the seconds that it took at its end."""
    _print(f"{title} ... ")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - began:.1f} s")
