"""What the user at the terminal reads: progress, errors, and commands to type."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MAKE_PREFIX = "MAKE_PREFIX"  # set by the Makefile and by bin/: "make", or "make -C" and the project's folder


class LocalError(Exception):
    """A command cannot go on; the text says what is wrong and what to do next."""


def make(target: str) -> str:
    """Return the command for a target such as "stop" or "start PORT=5055", as typed in the user's folder."""
    return f"{os.environ.get(MAKE_PREFIX) or 'make'} {target}"


def say(text: str) -> None:
    """Print a line on standard error; standard output is for results, which programs may read."""
    _print(f"{text}\n")


def _print(text: str) -> None:
    with suppress(OSError):  # the terminal is closed
        print(text, end="", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print the title of a step, and at its end the seconds that it took, or "failed"."""
    _print(f"{title} ... ")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - began:.1f} s")
