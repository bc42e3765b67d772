"""Free ports of this machine."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import closing

# Below those that the system gives to outgoing connections: one of these may take a port between the moment when it is
# found free and the moment when a server listens on it.
_FIRST, _LAST = 10_000, 32_767
_WORKERS = 8  # that run tests at a time; each has ports of its own


def free_port() -> int:
    """Return a port on which nothing listens, and which this process returns once."""
    for port in _candidates:
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("there is no free port")


def _ports() -> Iterator[int]:
    share = (_LAST - _FIRST + 1) // _WORKERS
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first, start = _FIRST + worker % _WORKERS * share, random.randrange(share)  # noqa: S311  # no secret
    for number in range(share):
        yield first + (start + number) % share


_candidates = _ports()
