"""Every entrance is closed: whatever serves the application, strangers need a key, and web pages get nowhere."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from testkit.ports import free_port
from tests.integration.raw_http import ask, await_health, event
from tests.integration.servers import MAX_WAIT, Serve

EVERYWHERE = "0.0.0.0"  # noqa: S104  # the attack: it is served to everybody
PROGRAMS = {
    "python -m app": ["-m", "app"],
    "flask run": ["-m", "flask", "--app", "app", "run", "--host", EVERYWHERE, "--port", "{port}"],
    "granian": [
        *("-m", "granian", "--interface", "wsgi", "--factory", "--host", EVERYWHERE, "--port", "{port}"),
        "app.wsgi:worker",
    ],
}
Entrance = Callable[..., int]

pytestmark = pytest.mark.usefixtures("database")


def own_address() -> str:
    """Return an address of this machine that others can reach."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # a documentation address; nothing is sent
        address: str = probe.getsockname()[0]
        if not address.startswith("127."):
            return address
    pytest.skip("this machine has loopback only")


@pytest.fixture(scope="module", params=list(PROGRAMS.values()), ids=list(PROGRAMS))
def entrance(
    request: pytest.FixtureRequest, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Entrance]:
    """Serve the application by one of the programs that can, and return its port."""
    folder = tmp_path_factory.mktemp("entrance")
    started: list[subprocess.Popen[bytes]] = []

    def serve(**environment: str) -> int:
        port = free_port()
        own = {"DATABASE_URL": migrated, "PORT": str(port), "PYTHONPATH": str(Path.cwd())}
        if "app" in request.param[1:2]:
            own["HOST"] = EVERYWHERE  # the others get it on their command line, unknown to the settings
        started.append(
            subprocess.Popen(  # noqa: S603  # found by us
                [sys.executable, *(word.format(port=port) for word in request.param)],
                cwd=folder,
                env={**os.environ, **own, "WEB_WORKERS": "1", "TMPDIR": str(folder), **environment},
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        )
        await_health(port, "/health/live")
        return port

    yield serve
    for process in started:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def port_of_entrance(entrance: Entrance) -> int:
    """The port of one with settings that say nothing."""
    return entrance()


def test_other_machines_need_a_key_and_this_one_does_not(port_of_entrance: int) -> None:
    """A39, for any HOST and any server program."""
    port = port_of_entrance
    assert ask(port, "GET", "/users/1").status == 200
    there = own_address()
    assert ask(port, "GET", "/users/1", address=there).status == 401
    assert ask(port, "POST", "/event", body=event(1), address=there).status == 401
    assert ask(port, "GET", "/health/live", address=there).status == 200


FORWARDED = ["Forwarded", "Via", "X_Forwarded_For", "X_Forwarded_Proto", "X_Forwarded_Host", "X_Forwarded_Anything"]


def test_requests_through_a_local_proxy_need_a_key(port_of_entrance: int) -> None:
    """A39: behind nginx every socket is loopback."""
    statuses = {name: ask(port_of_entrance, "GET", "/users/1", **{name: "for=192.0.2.7"}).status for name in FORWARDED}
    assert statuses == dict.fromkeys(FORWARDED, 401)


def test_in_production_this_machine_needs_a_key_too(entrance: Entrance) -> None:
    assert ask(entrance(ENV="production"), "GET", "/users/1").status == 401


def test_access_open_needs_no_key(entrance: Entrance) -> None:
    port, there = entrance(ENV="production", ACCESS="open", HOSTS="alerts.example.com"), own_address()
    assert ask(port, "GET", "/users/1", address=there, Host="alerts.example.com").status == 200


@pytest.fixture(scope="module")
def opened(serve_all: Serve) -> int:
    """The port of a service without keys, as `make start` has it."""
    port = free_port()
    serve_all(LOG_LEVEL="ERROR", PORT=str(port))
    await_health(port, "/health/live")
    return port


FOREIGN_PAGES = {
    "another site": {"Origin": "https://evil.example"},
    "a page without a name": {"Origin": "null"},
    "another port of this machine": {"Origin": "http://127.0.0.1:3000"},
    "told by the browser": {"Sec_Fetch_Site": "cross-site"},
    "another port, told by the browser": {"Sec_Fetch_Site": "same-site"},
    "both": {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"},
}


def test_a_page_of_another_origin_cannot_change_anything(opened: int) -> None:
    # What a page may send without asking first: no body, or one that says it is text.
    for number, (page, own_headers) in enumerate(FOREIGN_PAGES.items(), 2):
        headers = {"source": f"127.0.0.{number}", **own_headers}  # each address gets only so many answers in full
        assert ask(opened, "POST", "/rules/1/publish", **headers).status == 403, page
        as_text = {"body": "{}", "Content_Type": "text/plain", **headers}
        assert ask(opened, "POST", "/rules/1/retire", **as_text).status == 403, page
        assert ask(opened, "POST", "/event", body=event(1), **headers).status == 403, page
        assert ask(opened, "GET", "/users/1", **headers).status == 200, page  # a browser shows it to no other site


def test_the_page_of_the_service_itself_works(opened: int) -> None:
    own = f"http://127.0.0.1:{opened}"
    assert ask(opened, "POST", "/event", body=event(1), Origin=own, Sec_Fetch_Site="same-origin").status == 200
    localhost = {"Host": f"localhost:{opened}", "Origin": f"http://localhost:{opened}"}
    assert ask(opened, "POST", "/event", body=event(2), **localhost).status == 200


PUBLIC = ("/", "/docs", "/docs/", "/docs/start.js", "/openapi.json")


def test_no_answer_sets_a_cookie_or_lets_other_origins_read_it(opened: int) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        for path in ("/users/1", "/event", "/metrics", "/nowhere", "/health/live", *PUBLIC):
            answer = ask(opened, method, path, source="127.0.0.10", Cookie="session=1", Origin="https://evil.example")
            found = [name for name in answer.headers if name.lower().startswith(("set-cookie", "access-control"))]
            assert found == [], (method, path)


def test_trace_is_refused(opened: int) -> None:
    """It would show a page the key that a client sends."""
    for path in ("/event", "/docs", "/health/live"):
        assert ask(opened, "TRACE", path, Authorization="Bearer secret").status == 405, path


FOREIGN_NAMES = [
    *("evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.7"),
    *("localhost:80@evil.example", "[::1]evil.example", "localhost:evil.example"),
]


def test_a_foreign_host_name_is_refused(opened: int) -> None:
    """A39: a page may point its own name to 127.0.0.1; the browser then takes both for the same site."""
    reads = [("GET", path) for path in ("/users/1", "/metrics", "/nowhere", *PUBLIC)]
    for number, host in enumerate(FOREIGN_NAMES, 20):
        for method, path in (("POST", "/rules/1/publish"), *reads):
            page = {"source": f"127.0.0.{number}", "Host": host, "Origin": f"http://{host}"}
            assert ask(opened, method, path, **page).status == 403, (host, path)
        assert ask(opened, "GET", "/health/ready", Host=host).status == 200, host
    for host in ("localhost", "LOCALHOST:80", "127.0.0.53:5000", "[::1]:5000", "[::1]"):
        for path in ("/users/1", "/docs", "/openapi.json"):
            assert ask(opened, "GET", path, Host=host).status == 200, (host, path)


def test_with_keys_host_names_are_restricted_only_if_hosts_is_set(serve: Serve, port: int) -> None:
    serve(ACCESS="keys", HOSTS="alerts.example.com, two.example.com", LOG_LEVEL="ERROR")
    await_health(port, "/health/live")
    for path in ("/users/1", *PUBLIC):
        assert ask(port, "GET", path, Host="evil.example").status == 403, path
    assert ask(port, "GET", "/users/1", Host="Two.example.com:443").status == 401
    assert ask(port, "GET", "/docs", Host="Two.example.com:443").status == 200
    other = free_port()
    serve(ACCESS="keys", LOG_LEVEL="ERROR", PORT=str(other))
    await_health(other, "/health/live")
    assert ask(other, "GET", "/users/1", Host="evil.example").status == 401
    assert ask(other, "GET", "/docs", Host="evil.example").status == 200


FLOODS = {
    "name of another host": {"method": "GET", "path": "/docs", "Host": "evil.example"},
    "page of another site": {"method": "POST", "path": "/event", "Origin": "https://evil.example"},
}


def test_a_flood_of_foreign_names_and_pages_is_cut_short_in_answers_and_log(
    serve: Serve, port: int, tmp_path: Path
) -> None:
    """A40: counted as unknown keys are, and nobody else at that address is refused for it."""
    log_file = tmp_path / "service.log"
    server = serve(LOG_LEVEL="WARNING", LOG_FILE=str(log_file))
    await_health(port, "/health/live")
    began = time.monotonic()
    for number, flood in enumerate(FLOODS.values(), 2):
        answers = [ask(port, source=f"127.0.0.{number}", **flood) for _ in range(60)]
        assert [answer.status for answer in answers[:20]] == [403] * 20
        assert {answer.status for answer in answers[20:]} <= {403, 429}  # a window may end meanwhile
        last = next(answer for answer in reversed(answers) if answer.status == 429)
        assert 1 <= int(last.headers["Retry-After"]) <= 10
        assert ask(port, "GET", "/users/1", source=f"127.0.0.{number}").status == 200
    windows = 1 + int((time.monotonic() - began) / 10)
    server.terminate()
    server.wait(MAX_WAIT)
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    refused = [line for line in lines if line["event"].endswith("refused")]
    assert {line["event"] for line in refused} == {"access refused"}
    for reason in FLOODS:
        shown = [line for line in refused if line["reason"] == reason]
        assert len(shown) <= 2 * windows
        assert sum(line["count"] for line in shown if "count" in line) >= 50
