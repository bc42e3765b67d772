"""Many clients over plain sockets that connect and stay silent, or stop in the middle of a request."""

import contextlib
import resource
import socket
from collections.abc import Iterator

HALF_A_HEAD = b"POST /event HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-"
HALF_A_BODY = HALF_A_HEAD + b"Type: application/json\r\nContent-Length: 100\r\n\r\n{"
# What each sends before it falls silent, and how many of its kind there are.
HELD = {b"": 1_000, HALF_A_HEAD: 500, HALF_A_BODY: 500}
MAX_CONNECT_TIME = 5  # seconds
SPARE = 256  # open files that everything else here needs


@contextlib.contextmanager
def holding(port: int) -> Iterator[int]:
    """Hold all of them until the end of the block; yields how many could connect."""
    allow_files(sum(HELD.values()) + SPARE)
    with contextlib.ExitStack() as held:
        connected = 0
        for words, count in HELD.items():
            for _ in range(count):
                with contextlib.suppress(OSError):
                    client = held.enter_context(socket.create_connection(("127.0.0.1", port), MAX_CONNECT_TIME))
                    client.sendall(words)
                    connected += 1
        yield connected


def allow_files(count: int) -> None:
    """Raise this process's limit of open files as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
