"""ports: a port is free when nobody listens there, also nobody who would share it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lib.local.ports import explain, kept_port, refusal

HOST = "127.0.0.1"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, 0))
        server.listen()
        yield server


def test_a_port_that_another_would_share_is_taken(listener: socket.socket) -> None:
    error = refusal(HOST, listener.getsockname()[1])
    assert error is not None
    assert error.errno == errno.EADDRINUSE


def test_a_port_with_connections_of_an_ended_server_is_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with socket.create_connection((HOST, port)) as client:
        accepted, _ = listener.accept()
        accepted.close()
        listener.close()
        assert client.recv(1) == b""
    assert refusal(HOST, port) is None


def test_the_port_stays_the_same_while_it_is_free(tmp_path: Path) -> None:
    port = kept_port(tmp_path / "port")
    assert 15432 <= port < 25432
    assert kept_port(tmp_path / "port") == port


@pytest.mark.parametrize("kept", ["taken", "spoiled"])
def test_another_port_is_chosen_and_kept_when_need_be(tmp_path: Path, listener: socket.socket, kept: str) -> None:
    taken = str(listener.getsockname()[1])
    (tmp_path / "port").write_text(taken if kept == "taken" else "x")
    port = kept_port(tmp_path / "port")
    assert str(port) != taken
    assert (tmp_path / "port").read_text() == str(port)


@pytest.mark.parametrize(("port", "other"), [(65480, 65535), (65481, 65426)])
def test_the_port_that_is_proposed_instead_is_one(port: int, other: int) -> None:
    assert str(explain(OSError(errno.EADDRINUSE, "why"), HOST, port)).endswith(f"PORT={other}")


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (errno.EADDRINUSE, "port 5000 is taken by another program: choose one, as in make start PORT=5055"),
        (errno.EACCES, "needs root"),
        (errno.EADDRNOTAVAIL, "HOST=h is no address of this machine"),
    ],
)
def test_why_a_port_cannot_be_had_is_said_with_the_way_out(number: int, answer: str) -> None:
    assert answer in str(explain(OSError(number, "why"), "h", 5000))
