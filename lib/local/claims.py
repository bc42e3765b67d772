"""A claim on a port of this machine, which one supervisor has at a time, from before its start to its end.

Two servers of one user may listen at one port (SO_REUSEPORT), and the kernel deals the requests out to both. That
the port was free when somebody looked is no help to two who look at once; a claim is.
"""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EADDRINUSE
from pathlib import Path

_FOLDER = Path("/tmp")  # noqa: S108 - the same for all shells of a user; TMPDIR need not be


@contextmanager
def claimed(port: int) -> Iterator[int]:
    """Claim a port; yields the number of an open file: the claim lasts until all copies of it are closed.

    By the port alone: a server at 0.0.0.0 shares it with one at 127.0.0.1.

    Raises:
        OSError: another has claimed it (EADDRINUSE).

    """
    file = by_name(port) if sys.platform == "linux" else by_file(_FOLDER, port)
    try:
        yield file
    finally:
        os.close(file)


def by_name(port: int) -> int:
    """Claim with a name that the kernel keeps, beside no file: of Linux only, and seen by whoever sees the port."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0lib.local port {port}")
    except OSError:
        claim.close()
        raise
    return claim.detach()


def by_file(folder: Path, port: int) -> int:
    """Claim with a lock on a file of this user: no system lets two users share a port."""
    # Through no link, and waiting for no pipe that somebody may have put there.
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(folder / f"lib.local-{os.getuid()}-port-{port}", flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise OSError(EADDRINUSE, "claimed") from error
    return file
