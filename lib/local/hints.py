"""What somebody at the terminal can do next, as it is typed where that person stands."""

import os

PREFIX = "MAKE_PREFIX"  # of the Makefile and of bin/: "make", or "make -C" and the folder of the project


def make(target: str) -> str:
    """Return how to make a target of the project, such as "stop" or "start PORT=5055"."""
    return f"{os.environ.get(PREFIX) or 'make'} {target}"
