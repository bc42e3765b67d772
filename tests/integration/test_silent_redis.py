"""A Redis that is silent, refuses or answers nonsense: each process counts for itself, and no event is stopped."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from testkit.ports import free_port
from tests.integration.raw_http import ask, await_health, event
from tests.integration.redis_servers import running
from tests.integration.servers import MAX_WAIT, Serve

TOLD = "Redis of the limits does not answer, each process counts for itself"
HANG = 5  # seconds that no answer may take; before, it was for ever


def say_nothing(_: socket.socket) -> None:
    """As a stopped process does."""


def trickle(connection: socket.socket) -> None:
    """Send a long answer, each byte well before a timeout of the socket."""
    connection.recv(65536)
    connection.sendall(b"$100000\r\n")
    while True:
        time.sleep(0.1)
        connection.sendall(b"x")


def answer_nonsense(connection: socket.socket) -> None:
    """Answer every query with a text instead of a number."""
    while connection.recv(65536):
        connection.sendall(b"+OK\r\n")


@contextmanager
def impostor(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Provide the address of something that takes every connection, and is no Redis."""

    def behave_until_closed(connection: socket.socket) -> None:
        with suppress(OSError):
            behave(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])
                threading.Thread(target=behave_until_closed, args=held[-1:], daemon=True).start()

    held: list[socket.socket] = []
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listener:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield f"redis://someone:s3cret@127.0.0.1:{listener.getsockname()[1]}/0"
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for each in held:
            each.close()


@pytest.fixture(params=[say_nothing, trickle, answer_nonsense], ids=lambda behave: behave.__name__)
def wrong(request: pytest.FixtureRequest) -> Iterator[str]:
    with impostor(request.param) as address:
        yield address


@pytest.fixture
def absent() -> str:
    return f"redis://someone:s3cret@127.0.0.1:{free_port()}/0"


def test_a_silent_or_wrong_redis_neither_delays_nor_fails_events(
    serve: Serve, port: int, tmp_path: Path, wrong: str
) -> None:
    """A41."""
    refuse_to_depend_on(wrong, serve, port, tmp_path)


def test_an_absent_redis_neither_delays_nor_fails_events(serve: Serve, port: int, tmp_path: Path, absent: str) -> None:
    """A41."""
    refuse_to_depend_on(absent, serve, port, tmp_path)


def refuse_to_depend_on(address: str, serve: Serve, port: int, tmp_path: Path) -> None:
    """Send events with limits counted at this address: all are taken, from the first ones on, which arrive together."""
    log_file = tmp_path / "service.log"
    serve(RATE_LIMIT="100000 per hour", RATE_LIMIT_STORAGE=address, LOG_FILE=str(log_file))
    await_health(port)
    statuses: Counter[int] = Counter()
    longest = send_all_at_once(port, statuses)
    assert statuses == {200: 160}
    assert longest < HANG
    written = [json.loads(line) for line in log_file.read_text().splitlines()]
    [shown] = [line for line in written if line["event"] == TOLD]
    assert shown["redis"] == "redis://" + address.rpartition("@")[2]
    assert [line for line in written if "database" in str(line)] == []
    assert "s3cret" not in log_file.read_text()


def send_all_at_once(port: int, statuses: "Counter[int]") -> float:
    """Send from sixteen threads ten events each; return how long the longest took, in seconds."""
    moments, times = count(1), [0.0]

    def go() -> None:
        for _ in range(10):
            began, moment = time.monotonic(), next(moments)
            try:
                status = ask(port, "POST", "/event", body=event(1, user_id=moment)).status
            except OSError:
                status = 0
            statuses[status] += 1
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=go) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(times)


def test_a_returned_redis_counts_again(serve: Serve, port: int, tmp_path: Path) -> None:
    place, log_file = free_port(), tmp_path / "service.log"
    serve(RATE_LIMIT="1000 per hour", RATE_LIMIT_STORAGE=f"redis://127.0.0.1:{place}/0", LOG_FILE=str(log_file))
    await_health(port)
    assert ask(port, "GET", "/users/1").status == 200
    with running(place, tmp_path):
        deadline = time.monotonic() + MAX_WAIT
        while "Redis of the limits answers again" not in log_file.read_text():
            assert time.monotonic() < deadline, "it is not found again"
            time.sleep(0.1)
        assert ask(port, "GET", "/users/1").headers["X-RateLimit-Remaining"] == "999"
