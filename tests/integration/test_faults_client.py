"""The client of `make faults`: it tells what a server broke from what a server may close."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Thread

import pytest

from e2e.faults.client import Connection, Outcome
from testkit.oracle import Event
from tests.integration.servers import LONGEST

EVENT = Event(type="deposit", amount="1", user_id=1, t=1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: what closes at once, with a reset
Then = Callable[[socket.socket], None]


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def read_one(connection: socket.socket) -> None:
    """Take a request up."""
    came = b""
    while b'"t": 1}' not in came:
        came += connection.recv(65536)


def read_and_reset(connection: socket.socket) -> None:
    read_one(connection)
    reset(connection)


def keep(_: socket.socket) -> None:
    pass


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LONGEST)
        yield listening


def answer_one(server: socket.socket, then: Then) -> None:
    """Answer the first request of a connection, do something else with it, and close it."""
    connection, _ = server.accept()
    with connection:
        read_one(connection)
        connection.sendall(ANSWER)
        then(connection)


WAYS = {
    "closed while idle": (keep, Outcome.TAKEN, True),
    "reset while idle": (reset, Outcome.STRANGE, False),
    "closed upon a request": (read_one, Outcome.BROKEN, False),
    "reset upon a request": (read_and_reset, Outcome.BROKEN, False),
}


@pytest.mark.parametrize(("then", "outcome", "reopened"), WAYS.values(), ids=list(WAYS))
def test_what_became_of_a_kept_connection(
    server: socket.socket, then: Then, outcome: Outcome, *, reopened: bool
) -> None:
    first = Thread(target=answer_one, args=(server, then))
    first.start()
    with closing(Connection(server.getsockname()[1])) as client:
        assert client.send(EVENT).outcome is Outcome.TAKEN
        if then in {keep, reset}:
            first.join(LONGEST)  # closed by now
        if reopened:
            Thread(target=answer_one, args=(server, keep)).start()
        attempt = client.send(EVENT)
    assert (attempt.outcome, attempt.reopened) == (outcome, reopened)
    assert len(attempt.request_id) == 16


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert Connection(port).send(EVENT).outcome is Outcome.REFUSED
