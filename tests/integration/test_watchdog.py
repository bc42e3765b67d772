"""A hanging worker is noticed and replaced; one that merely could not run for a while is left alone (A35)."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from lib.watchdog import MISSED
from tests.integration.servers import MAX_WAIT, Serve, Server, await_answer, post

REPLACED = 10  # seconds, as docs/security.md says
SLACK = 5  # seconds on a machine that is busy with other things


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.pid).children()


def await_another(server: Server, worker: psutil.Process) -> None:
    """Return when another worker has its place."""
    deadline = time.monotonic() + MAX_WAIT
    while worker in workers_of(server) or not workers_of(server):
        assert time.monotonic() < deadline, "it is not replaced"
        time.sleep(0.05)


def test_a_stopped_worker_is_replaced_and_its_waiting_requests_are_served(serve: Serve, port: int) -> None:
    server = serve()
    await_answer(port, 1)
    [worker] = workers_of(server)
    worker.suspend()
    began = time.monotonic()
    await_another(server, worker)
    assert time.monotonic() - began < REPLACED + SLACK
    await_answer(port, 2)
    server.terminate()
    _, output = server.communicate(timeout=MAX_WAIT)
    body = [json.loads(line) for line in output.splitlines() if '"worker silent"' in line]
    assert [(line["level"], line["pid"]) for line in body] == [("error", worker.pid)]


def test_a_service_stopped_as_a_whole_resumes_unchanged(serve: Serve, port: int) -> None:
    """As Ctrl-Z does, and a machine that sleeps."""
    server = serve(WEB_WORKERS="2")
    await_answer(port, 1)
    workers = workers_of(server)
    for process in (psutil.Process(server.pid), *workers):
        process.suspend()
    time.sleep(MISSED + 3)
    for process in (psutil.Process(server.pid), *workers):
        process.resume()
    time.sleep(MISSED + 3)
    assert workers_of(server) == workers
    await_answer(port, 2)


IN_LESS_PATIENCE = "import app.wsgi; app.wsgi.MAX_REQUEST_TIME = 1; import app.__main__; app.__main__.main()"


def test_a_worker_whose_requests_all_hang_is_replaced(serve: Serve, port: int, database: str) -> None:
    """Health is still answered, and the heartbeat has its own thread; neither is enough."""
    patient = dict.fromkeys(("DB_DEADLINE", "DB_LOCK_TIMEOUT", "DB_STATEMENT_TIMEOUT"), "60")
    server = serve(["-c", IN_LESS_PATIENCE], WEB_THREADS="1", **patient)
    await_answer(port, 1)
    [worker] = workers_of(server)
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor, ThreadPoolExecutor(1) as client:
        cursor.execute("SELECT FROM user_clock FOR UPDATE")
        hanging = client.submit(post, port, 2)
        await_another(server, worker)
        assert hanging.result() == 0
    await_answer(port, 2)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(MAX_WAIT)
        yield listening


def test_systemd_is_notified_only_while_the_service_is_healthy(serve: Serve, port: int, manager: socket.socket) -> None:
    server = serve(NOTIFY_SOCKET=manager.getsockname())
    await_answer(port, 1)
    assert manager.recv(100) == b"WATCHDOG=1"
    server.send_signal(signal.SIGSTOP)
    manager.settimeout(MISSED)
    with pytest.raises(TimeoutError):
        list(iter(lambda: manager.recv(100), b""))
    server.send_signal(signal.SIGCONT)
    assert manager.recv(100) == b"WATCHDOG=1"
