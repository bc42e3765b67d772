"""Clients over raw sockets that send a part of something, and then hold."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.integration.servers import LONGEST

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
HALF_BODY = HEAD + b"Content-Length: 100\r\n\r\n{ "
HALF_CHUNK = HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{ "
FILES = 8192  # that this process may have to open


def connect(port: int, sent: bytes = b"") -> socket.socket:
    """Open a connection, and send this on it."""
    connection = socket.create_connection(("127.0.0.1", port), LONGEST)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(sent)
    return connection


@contextmanager
def holding(port: int, number: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Let so many clients each send this, and hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, FILES)), hard))
    with ExitStack() as stack:
        yield [stack.enter_context(connect(port, sent)) for _ in range(number)]


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes; nothing where it resets."""
    came = b""
    try:
        while part := connection.recv(65536):
            came += part
    except ConnectionResetError:
        pass
    return came


def ended_after(connection: socket.socket) -> float:
    """Return after how many seconds from now the server has closed the connection."""
    began = time.monotonic()
    read_to_end(connection)
    return time.monotonic() - began
