"""Clients over raw sockets that send a part of something, and then hold."""

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from tests.integration.servers import MAX_WAIT

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
HALF_BODY = HEAD + b"Content-Length: 100\r\n\r\n{ "
HALF_CHUNK = HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{ "
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
# :method POST, :scheme http, :path /event, content-length 100 (RFC 7541, without Huffman), six times
BLOCK = b"\x83\x86\x04\x06/event\x0f\x0d\x03100"
STREAMS = b"".join(
    len(BLOCK).to_bytes(3, "big") + b"\x01\x04" + stream.to_bytes(4, "big") + BLOCK for stream in range(1, 13, 2)
)
HTTP_2 = PREFACE + SETTINGS + STREAMS
RUSH = 1200  # clients, of the 1,280 that may be
FILES = 8192  # that this process may have to open


def connect(port: int, sent: bytes = b"") -> socket.socket:
    """Open a connection, and send this on it."""
    connection = socket.create_connection(("127.0.0.1", port), MAX_WAIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(sent)
    return connection


@contextmanager
def holding(port: int, number: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Let so many clients each send this, and hold."""
    allow_files()
    with ExitStack() as stack:
        yield [stack.enter_context(connect(port, sent)) for _ in range(number)]


def allow_files() -> None:
    """Let this process open as many files as all clients of a test are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, FILES)), hard))


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


def rush(port: int, main: int) -> None:
    """Send events of so many clients that the worker of a main process comes to have a thread for each of them."""
    [worker] = psutil.Process(main).children()
    with holding(port, RUSH, b"") as clients:
        for user_id, client in enumerate(clients, start=2):
            client.sendall(whole_event(user_id)[:-1])
        while worker.num_threads() < RUSH:  # which comes, as each of them holds one
            time.sleep(0.05)
        for client in clients:
            client.sendall(b"}")
        for user_id, client in enumerate(clients, start=2):
            answer = read_to(client, b"}\n")
            if answer.startswith(b"HTTP/1.1 503 "):  # turned away where nothing moved for a moment: sent again, as told
                with connect(port, whole_event(user_id)) as again:
                    answer = read_to(again, b"}\n")
            assert answer.startswith(b"HTTP/1.1 200 "), answer


def whole_event(user_id: int) -> bytes:
    """Return the request of an event that is right."""
    event = json.dumps({"type": "deposit", "amount": 1, "user_id": user_id, "t": 1}).encode()
    return b"POST /event HTTP/1.1\r\n" + HEAD + f"Content-Length: {len(event)}\r\n\r\n".encode() + event


def read_to(connection: socket.socket, end: bytes) -> bytes:
    """Return what comes until that which ends so, or until the server closes."""
    came = b""
    while not came.endswith(end) and (part := connection.recv(65536)):
        came += part
    return came
