"""A receiver of webhooks that is, by turns, healthy, down, slow and lying; it notes what comes all the same."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TURN = 2.0  # seconds
SLOW = 1.0  # seconds until a slow answer
RESET = struct.pack("ii", 1, 0)  # a close that throws away what was sent


class Mood(StrEnum):
    """How a receiver behaves."""

    HEALTHY = "healthy"
    DOWN = "down"  # it closes each connection before it reads
    SLOW = "slow"
    LYING = "lying"  # it notes the message, and then answers 500, or closes without an answer


# Healthy most of the time, so that most is not left for the end.
MOODS = (Mood.HEALTHY, Mood.HEALTHY, Mood.DOWN, Mood.HEALTHY, Mood.SLOW, Mood.HEALTHY, Mood.LYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """A message as it was read: its id, its body, whether its signature was right then, and the mood."""

    id: str
    body: bytes
    signed: bool
    mood: Mood


@dataclass(slots=True)
class Receiver:
    """What came so far. `secret` is needed before anything comes; `settled` makes it healthy for good."""

    port: int
    secret: str = ""
    settled: bool = False
    receptions: list[Reception] = field(default_factory=list)
    turned_away: int = 0
    _began: float = field(default_factory=time.monotonic)
    _lies: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"

    def mood(self) -> Mood:
        turn = int((time.monotonic() - self._began) / TURN)
        return Mood.HEALTHY if self.settled else MOODS[turn % len(MOODS)]

    def take(self, headers: dict[str, str], body: bytes) -> int | None:
        """Note a message; return the status to answer, None to close without an answer."""
        mood = self.mood()
        reception = Reception(
            id=headers.get("webhook-id", ""), body=body, signed=is_signed(self.secret, headers, body), mood=mood
        )
        self.receptions.append(reception)
        if mood is Mood.SLOW:
            time.sleep(SLOW)
        if mood is Mood.LYING:
            return 500 if next(self._lies) % 2 else None
        return 204


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Have a receiver as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            if status is not None:
                self.send_response(status)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def verify_request(self, request: object, _: object) -> bool:
            is_up = receiver.mood() is not Mood.DOWN
            if not is_up and isinstance(request, socket.socket):
                receiver.turned_away += 1
                request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return is_up

        def handle_error(self, *_: object) -> None:  # the sender was killed
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(port=server.server_address[1])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
