"""`python -m lib.probe`, against a server with prescribed answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lib import probe
from testkit.ports import free_port


class Answers(BaseHTTPRequestHandler):
    """200 for /health/ready from the third time on, 503 for all else."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        ready = self.path == "/health/ready" and self.asked >= 3
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"ready" if ready else b"not yet")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    Answers.asked = 0
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        monkeypatch.setenv("PORT", str(server.server_port))
        monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104  # as in the image
        yield server
        server.shutdown()
        serving.join()


def probed(*arguments: str) -> str | int:
    """Return what the probe ends with: 0, or the line that makes it end with status 1."""
    with pytest.raises(SystemExit) as ended:
        probe.main(arguments)
    assert ended.value.code is not None
    return ended.value.code


@pytest.mark.usefixtures("server")
def test_another_status_is_reported_with_the_reason() -> None:
    assert probed("/health/ready") == "503 not yet"


@pytest.mark.usefixtures("server")
def test_the_probe_can_wait_for_success() -> None:
    assert probed("/health/ready", "--within", "10") == 0


@pytest.mark.usefixtures("server")
def test_the_probe_waits_no_longer_than_requested() -> None:
    assert probed("/elsewhere", "--within", "0.3") == "503 not yet"


def test_the_probe_reports_that_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.delenv("HOST", raising=False)
    assert str(probed("/health/live")).startswith("no answer from 127.0.0.1 port ")
