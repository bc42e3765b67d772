"""A network between the service and PostgreSQL, on this machine, that can swallow packets."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

CHUNK = 65536


class Network:
    """Forwards data until it swallows; a connection that lost data never recovers.

    As a firewall that has forgotten its connections: nobody is told, neither by an answer nor by an end.
    """

    def __init__(self, url: str) -> None:
        """Lead to the PostgreSQL of that address."""
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._door]
        self._swallows = threading.Event()
        self._lost = threading.Event()  # of the connections there are
        self.url = url.replace(f":{parts.port}/", f":{self._door.getsockname()[1]}/", 1)
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def swallowing(self) -> Iterator[None]:
        """Swallow everything, new connections too, until the end of the block, and those that are lost for good."""
        self._swallows.set()
        self._lost.set()
        try:
            yield
        finally:
            self._lost = threading.Event()
            self._swallows.clear()

    def close(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                self._sockets.append(near)
                if not self._swallows.is_set():
                    self._connect(near, self._lost)

    def _connect(self, near: socket.socket, lost: threading.Event) -> None:
        far = socket.create_connection(self._to)
        self._sockets.append(far)
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=pass_on, args=[source, sink, lost], daemon=True).start()


def pass_on(source: socket.socket, sink: socket.socket, lost: threading.Event) -> None:
    """Forward data and its end; forward nothing once the connection is lost."""
    with contextlib.suppress(OSError):
        while sent := source.recv(CHUNK):
            if not lost.is_set():
                sink.sendall(sent)
        if not lost.is_set():
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def network(url: str) -> Iterator[Network]:
    """Have one as long as the block lasts."""
    made = Network(url)
    try:
        yield made
    finally:
        made.close()
