"""Attacks by the path of a request, over sockets, on the service as it is run: what it logs, and where it leads."""

from pathlib import Path

import pytest

from tests.integration.raw_http import ask
from tests.integration.servers import Serve, await_answer

ESCAPE, NUL = "%1B%5B2J", "%00"
LONG = "/" + "a" * 60_000
MAX_LINE = 4_000  # characters

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_path_writes_control_characters_or_long_lines_into_the_log(
    serve: Serve, port: int, tmp_path: Path, log_format: str
) -> None:
    log_file = tmp_path / "service.log"
    serve(LOG_FILE=str(log_file), LOG_FORMAT=log_format)
    await_answer(port, 1)
    for path in (f"/{ESCAPE}{NUL}", f"/users/1/events?code={ESCAPE}{NUL}", LONG, f"/users?after={'9' * 60_000}"):
        assert ask(port, "GET", path).status in {400, 404}
    written = log_file.read_bytes()
    assert written.count(b"request refused") >= 4
    assert not {b"\x1b", b"\x00"} & {written[at : at + 1] for at in range(len(written))}
    assert max(map(len, written.splitlines())) < MAX_LINE


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/%2e%2e", "//users/1", "/users//1"])
def test_no_path_redirects_to_the_host_that_a_client_names(serve: Serve, port: int, path: str) -> None:
    serve(HOSTS="evil.example")
    await_answer(port, 1)
    answer = ask(port, "GET", path, Host="evil.example")
    assert answer.status in {200, 404}
    assert "Location" not in answer.headers
