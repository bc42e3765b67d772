"""Servers on loopback that answer as they are told, or misbehave as they are told, and note who came."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

from tests.integration.servers import MAX_WAIT

Script = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DRIP = 0.05  # seconds between two bytes


@dataclass(slots=True)
class Receiver:
    """Plays its script for one connection after the other, and counts them."""

    script: Script
    host: str = "127.0.0.1"
    context: ssl.SSLContext | None = None
    connections: int = 0
    port: int = 0

    def url(self, host: str = "", path: str = "/hook", scheme: str = "http") -> str:
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                with suppress(OSError):  # the client has had enough
                    self.play(connection)
                connection.close()

    def play(self, connection: socket.socket) -> None:
        if self.context is None:
            self.script(connection)
            return
        with self.context.wrap_socket(connection, server_side=True) as secure:
            self.script(secure)


@contextmanager
def receiving(script: Script, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Have a receiver as long as the block lasts; a client that never closes its connection fails the test."""
    with socket.create_server((host, 0)) as listener:
        receiver = Receiver(script, host, context)
        receiver.port = listener.getsockname()[1]
        thread = Thread(target=receiver.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(MAX_WAIT)
            assert not thread.is_alive()


def read_request(connection: socket.socket) -> bytes:
    """Return a whole request, by its Content-Length."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += _some(connection)
    head, _, body = came.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    if not (part := connection.recv(65536)):
        raise ConnectionResetError
    return part


def answering(answer: bytes, requests: list[bytes] | None = None) -> Script:
    """Answer this to a request, which is added to `requests`, and leave it to the client to close the connection."""

    def play(connection: socket.socket) -> None:
        request = read_request(connection)
        if requests is not None:
            requests.append(request)
        connection.sendall(answer)
        while connection.recv(65536):
            pass

    return play


def dripping(at_once: bytes, slowly: bytes) -> Script:
    """Answer the beginning at once, then this again and again, a byte at a time, for as long as the client listens."""

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(at_once)
        while True:
            for byte in slowly:
                connection.sendall(bytes([byte]))
                time.sleep(DRIP)

    return play


def flooding(at_once: bytes, again: bytes, number: int) -> Script:
    """Answer the beginning, then this so many times."""

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(at_once)
        for _ in range(number):
            connection.sendall(again)

    return play


def resetting(answer: bytes) -> Script:
    """Answer this, and reset the connection."""

    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    return play
