"""ports: a port is free if no server listens on it, not even one that would share it, and if it is not reserved."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lib.local import ports
from lib.local.ports import probe, reserve_port, saved_port
from lib.local.terminal import LocalError
from testkit.ports import free_port

HOST = "127.0.0.1"
RESERVE = "import sys; from lib.local.ports import reserve_port; reserve_port('127.0.0.1', int(sys.argv[1]))"
RESERVE += "; print('reserved', flush=True); sys.stdin.read()"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, 0))
        server.listen()
        yield server


def test_a_port_that_another_server_would_share_is_taken(listener: socket.socket) -> None:
    with pytest.raises(OSError, match="in use") as refused:
        probe(HOST, listener.getsockname()[1])
    assert refused.value.errno == errno.EADDRINUSE


def test_a_port_with_connections_of_an_ended_server_is_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with socket.create_connection((HOST, port)) as client:
        accepted, _ = listener.accept()
        accepted.close()
        listener.close()
        assert client.recv(1) == b""
    assert probe(HOST, port) == port


def test_the_saved_port_stays_the_same_while_it_is_free(tmp_path: Path) -> None:
    port = saved_port(tmp_path / "port")
    assert saved_port(tmp_path / "port") == port


@pytest.mark.parametrize("kept", ["taken", "spoiled"])
def test_another_port_is_chosen_and_saved_if_the_saved_one_is_taken_or_unreadable(
    tmp_path: Path, listener: socket.socket, kept: str
) -> None:
    taken = str(listener.getsockname()[1])
    (tmp_path / "port").write_text(taken if kept == "taken" else "x")
    port = saved_port(tmp_path / "port")
    assert str(port) != taken
    assert (tmp_path / "port").read_text() == str(port)


@contextmanager
def reserved(port: int) -> Iterator[None]:
    """Have another process reserve a port."""
    argv = [sys.executable, "-c", RESERVE, str(port)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout
        assert process.stdout.readline() == "reserved\n"
        yield


def test_a_port_can_be_reserved_by_one_process_at_a_time() -> None:
    port = free_port()
    with reserved(port):
        with pytest.raises(LocalError, match=f"port {port} is taken"):
            reserve_port(HOST, port)
        with reserved(free_port()):
            pass
    with reserved(port):
        pass


def test_a_reservation_does_not_follow_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_LOCKS", tmp_path)
    port = free_port()
    reserve_port(HOST, port)
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError):
        reserve_port(HOST, port)


@pytest.mark.parametrize(
    ("number", "port", "answer"),
    [
        (errno.EADDRINUSE, 5000, "port 5000 is taken by another program: choose another, as in make start PORT=5055"),
        (errno.EADDRINUSE, 65480, "PORT=65535"),
        (errno.EADDRINUSE, 65481, "PORT=65426"),
        (errno.EACCES, 80, "needs root"),
        (errno.EADDRNOTAVAIL, 5000, "HOST=127.0.0.1 is not an address of this machine"),
    ],
)
def test_the_error_for_an_unusable_port_says_why_and_what_to_do(
    number: int, port: int, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, "why")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LocalError, match=answer):
        reserve_port(HOST, port)
