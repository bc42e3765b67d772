"""Receivers of webhooks in a process of their own, which note when each message was read; some never answer."""

import multiprocessing
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Reception = tuple[int, str, float]  # the place of a receiver, the id of the message, and when (monotonic seconds)

_PATIENCE = 10  # seconds
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """The addresses of receivers."""

    urls: list[str]
    _pipe: "Connection[str, list[Reception]]"

    def take(self) -> list[Reception]:
        """Return what came since this was last called."""
        self._pipe.send("take")
        return self._pipe.recv()


@contextmanager
def receiving(count: int, silent: Collection[int] = ()) -> Iterator[Receivers]:
    """Have receivers as long as the block lasts; the silent ones read a message, and never answer."""
    ours, theirs = _FORK.Pipe()
    process = _FORK.Process(target=_serve, args=(count, silent, theirs), daemon=True)
    process.start()
    try:
        yield Receivers(urls=[f"http://127.0.0.1:{port}/alerts" for port in ours.recv()], _pipe=ours)
    finally:
        ours.send("end")
        process.join(_PATIENCE)
        process.kill()


def _serve(count: int, silent: Collection[int], pipe: "Connection[object, str]") -> None:
    came: list[Reception] = []
    over = Event()
    servers = [_server(place, came, over if place in silent else None) for place in range(count)]
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    pipe.send([server.server_address[1] for server in servers])
    while pipe.recv() == "take":
        taken = came[:]
        del came[: len(taken)]
        pipe.send(taken)
    over.set()


def _server(place: int, came: list[Reception], never: Event | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Note a message, and answer it."""
            self.rfile.read(int(self.headers["Content-Length"]))
            came.append((place, self.headers["webhook-id"], time.monotonic()))
            if never:
                never.wait()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Stay quiet: the sender may go away."""

    return Server(("127.0.0.1", 0), Handler)
