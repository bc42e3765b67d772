"""A reader of the log that stops, as journald, Docker or a program after a | may: events go on without it (A34)."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lib.probe import fault
from tests.integration.raw_http import await_health
from tests.integration.servers import post

EVENTS = 400  # whose lines are more than a pipe holds
READ = 65536

pytestmark = pytest.mark.usefixtures("database")
Serve = Callable[[int], None]


@pytest.fixture
def serve_with(service_url: str, port: int, tmp_path: Path) -> Iterator[Serve]:
    """Start a service whose standard error is a given descriptor."""
    started: list[subprocess.Popen[bytes]] = []

    def serve(error: int) -> None:
        own = {"PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path), "LOG_FORMAT": "json", "WEB_WORKERS": "1"}
        environment = {**os.environ, **own, "DATABASE_URL": service_url, "PORT": str(port)}
        started.append(subprocess.Popen([sys.executable, "-m", "app"], cwd=tmp_path, env=environment, stderr=error))

    yield serve
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_events_go_on_while_nobody_reads_the_log(serve_with: Serve, port: int, kind: str) -> None:
    """Before, all events hung for ever once 64 KB of lines waited, while the service was alive and ready."""
    reader, writer = os.pipe() if kind == "pipe" else (each.detach() for each in socket.socketpair())
    serve_with(writer)
    os.close(writer)
    with closing(os.fdopen(reader, "rb", buffering=0)) as log:
        await_health(port)
        assert {post(port, t) for t in range(1, EVENTS)} == {200}
        assert fault("127.0.0.1", port, "/health/ready") == ""
        came = b""
        for t in range(EVENTS, 2 * EVENTS):
            assert post(port, t) == 200
            came += log.read(READ)
            if b'"log lines dropped"' in came:
                break
        [told] = [json.loads(line) for line in came.splitlines() if b'"log lines dropped"' in line]
        assert told["lines"] > 0
