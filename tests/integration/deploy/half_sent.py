"""Clients that send a request up to the middle of its body, and then hold."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse

Connect = Callable[[], socket.socket]


def event(user_id: int, t: int) -> dict[str, object]:
    return {"type": "deposit", "amount": "1.00", "user_id": user_id, "t": t}


class HalfSent:
    """One such client, whose user is its own."""

    def __init__(self, connection: socket.socket, user_id: int) -> None:
        self.connection = connection
        body = json.dumps(event(user_id, 1)).encode()
        headers = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._rest = body[len(body) // 2 :]
        connection.sendall(b"POST /event HTTP/1.1\r\n" + headers.encode() + body[: len(body) // 2])

    def finish(self) -> int:
        """Send the rest; return the status of the answer."""
        self.connection.sendall(self._rest)
        with HTTPResponse(self.connection) as answer:
            answer.begin()
            return answer.status

    def given_up(self) -> bool:
        """Say whether the connection was closed without an answer; waits as long as it takes."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True


@contextmanager
def half_sent(connect: Connect, number: int) -> Iterator[list[HalfSent]]:
    """Let so many clients hold their requests; the users are 1001 and so on."""
    with ExitStack() as stack:
        yield [HalfSent(stack.enter_context(connect()), 1001 + number) for number in range(number)]
