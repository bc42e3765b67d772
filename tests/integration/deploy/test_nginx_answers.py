"""What clients get from the shipped nginx: the service's answers, and its own in the same form."""

import json
import socket
import ssl
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from lib.probe import fault
from tests.integration.deploy.conftest import Instances
from tests.integration.deploy.half_sent import event, half_sent
from tests.integration.deploy.nginx import Nginx
from tests.integration.servers import MAX_WAIT, post
from tests.integration.slow_clients import HALF_BODY, HTTP_2, LIVE, allow_files, read_to, read_to_end

OURS_OF_ONE_ADDRESS = 256  # limit_conn
KEPT = 1100  # connections, of the 4,096 of an nginx worker
ATTACKERS = 6
SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and kind of an answer that must be a problem in full, sent over TLS as all are."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "instance", "request_id"}
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["detail"]
    return answer.status_code, body["type"].removeprefix("urn:problem-type:")


def test_events_come_through_tls_under_one_request_id(nginx: Nginx, instances: Instances) -> None:
    instances.start(instances.ports[1])
    with nginx.client() as client:
        answer = client.post("/event", json=event(1, 1), headers={"X-Request-ID": "abc-1"})
        assert (answer.status_code, answer.json()["user_id"]) == (200, 1)
        assert answer.headers["X-Request-ID"] == "abc-1"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers.get("Server", "") == ""
        unfit = client.get("/nothing", headers={"X-Request-ID": "not an id"})
        assert problem(unfit) == (404, "not-found")
        assert len(unfit.headers["X-Request-ID"]) == 32


def test_a_body_sent_in_chunks_comes_through(nginx: Nginx, instances: Instances) -> None:
    instances.start(instances.ports[0])
    body = json.dumps(event(1, 1)).encode()
    with nginx.client() as client:
        headers = {"Content-Type": "application/json"}
        assert client.post("/event", content=iter((body[:9], body[9:])), headers=headers).status_code == 200
        too_large = client.post("/event", content=iter([b" " * 50_000] * 2), headers=headers)
    assert problem(too_large) == (413, "too-large")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_supported(nginx: Nginx, version: ssl.TLSVersion) -> None:
    nginx.trust.minimum_version = nginx.trust.maximum_version = version
    with nginx.connect() as connection:
        assert connection.version() == version.name.replace("_", ".")


def test_http_2_is_off(nginx: Nginx) -> None:
    nginx.trust.set_alpn_protocols(["h2", "http/1.1"])
    with nginx.connect() as connection:
        assert connection.selected_alpn_protocol() != "h2"


def test_unnegotiated_http_2_is_refused_at_once_and_holds_nothing(nginx: Nginx, instances: Instances) -> None:
    """The streams that held all threads of a worker for good: they announce a body, and never send it."""
    instances.start(instances.ports[0])
    with ExitStack() as stack:
        for _ in range(ATTACKERS):
            attacker = stack.enter_context(nginx.connect())
            attacker.sendall(HTTP_2)
            refused = read_to_end(attacker)  # which is over when nginx has closed
            assert refused.startswith(b"HTTP/1.1 400 ")
            assert refused.count(b"HTTP/1.1 ") == 1
    assert_served(nginx, instances.ports[0])
    assert "HTTP/2.0" not in (nginx.folder / "access.log").read_text(encoding="utf-8")


def assert_served(nginx: Nginx, port: int) -> None:
    """Events and health are answered through nginx, and directly."""
    with nginx.client() as client:
        assert [client.post("/event", json=event(1, t)).status_code for t in range(1, 11)] == [200] * 10
        assert client.get("/health/ready").status_code == 200
    assert [post(port, t, user_id=2) for t in range(1, 11)] == [200] * 10
    assert fault("127.0.0.1", port, "/health/live") == ""


def test_more_than_1024_kept_connections_and_half_bodies_slow_nobody_down(nginx: Nginx, instances: Instances) -> None:
    """Each was served once, by the service; then most are idle, and some send half a body. None of it is passed on."""
    instances.start(instances.ports[0])
    allow_files()
    with ExitStack() as stack:
        kept = []
        for _ in range(KEPT):
            kept.append(stack.enter_context(nginx.connect()))
            kept[-1].sendall(LIVE)
            assert read_to(kept[-1], b"}\n").startswith(b"HTTP/1.1 200 ")
        for each in kept[: OURS_OF_ONE_ADDRESS // 2]:
            each.sendall(b"POST /event HTTP/1.1\r\n" + HALF_BODY)
        assert_served(nginx, instances.ports[0])
        kept[-1].sendall(LIVE)
        assert read_to(kept[-1], b"}\n").startswith(b"HTTP/1.1 200 "), "a kept one is still of use"


def test_idle_connections_slow_nobody_down(nginx: Nginx, instances: Instances) -> None:
    """More than the 1,024 that stopped the service alone; here nginx has them, and ends those that say nothing."""
    instances.start(instances.ports[0])
    with ExitStack() as stack, nginx.client() as client:
        for _ in range(1100):
            stack.enter_context(socket.create_connection(("127.0.0.1", nginx.port), MAX_WAIT))
        assert [client.post("/event", json=event(1, t)).status_code for t in range(1, 21)] == [200] * 20
        assert client.get("/health/live").status_code == 200


def test_nginx_answers_503_with_retry_after_without_the_service(nginx: Nginx, instances: Instances) -> None:
    with nginx.client() as client:
        down = client.post("/event", json=event(1, 1))
        assert problem(down) == (503, "unavailable")
        assert down.headers["Retry-After"] == "1"
        assert down.json()["instance"] == "/event"
        assert "nginx/" not in down.headers["Server"]
        instances.start(instances.ports[0])
        assert client.post("/event", json=event(1, 1)).status_code == 200


@pytest.mark.parametrize(
    ("path", "size", "who"),
    [
        ("/event", 20_000, "the service"),
        ("/event", 100_000, "nginx"),
        ("/events", 300_000, "the service"),
        ("/events", 600_000, "nginx"),
    ],
)
def test_a_body_that_is_too_large_is_refused_alike(
    nginx: Nginx, instances: Instances, path: str, size: int, who: str
) -> None:
    instances.start(instances.ports[0])
    with nginx.client() as client:
        refused = client.post(path, content=b"{" + b" " * size, headers={"Content-Type": "application/json"})
    assert problem(refused) == (413, "too-large")
    assert refused.json()["detail"] == f"send no more than {256 if path == '/events' else 16} KiB"
    assert ("nginx" in refused.headers["Server"]) is (who == "nginx")


def test_a_batch_comes_through(nginx: Nginx, instances: Instances) -> None:
    instances.start(instances.ports[0])
    with nginx.client() as client:
        sent = [event(1, t) for t in range(1000)]
        answer = client.post(
            "/events", content=json.dumps(sent).ljust(250_000), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.headers["Events-Refused"]) == (200, "0")


REFUSED = [
    ("/metrics", {}, (404, "not-found")),  # only each instance itself serves them
    ("/.problem", {}, (404, "not-found")),
    ("/" + "a" * 20_000, {}, (414, "uri-too-long")),
    ("/event", {"X-Long": "a" * 20_000}, (400, "bad-request")),
]


@pytest.mark.parametrize(("path", "headers", "refusal"), REFUSED, ids=[path[:9] for path, *_ in REFUSED])
def test_refusals_of_nginx_are_problems(
    nginx: Nginx, path: str, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    with nginx.client() as client:
        assert problem(client.get(path, headers=headers)) == refusal


def test_plain_http_is_refused_as_a_problem(nginx: Nginx) -> None:
    assert problem(httpx.get(f"http://localhost:{nginx.port}/event")) == (400, "bad-request")


def test_an_odd_path_never_breaks_the_json_of_a_refusal(nginx: Nginx) -> None:
    with nginx.connect() as connection:
        connection.sendall(b'GET /"}{\\ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["instance"] == "/"


def test_concurrent_requests_of_one_address_are_limited(nginx: Nginx) -> None:
    with half_sent(nginx.connect, OURS_OF_ONE_ADDRESS), nginx.client() as client:
        refused = client.post("/event", json=event(1, 1))
    assert problem(refused) == (429, "too-many-requests")
    assert refused.headers["Retry-After"] == "1"


def test_the_access_log_is_json_and_has_no_secret(nginx: Nginx) -> None:
    with nginx.client() as client:
        client.post("/event?key=query-secret", headers={"Authorization": "Bearer header-secret", "X-Request-ID": "me"})
    [line] = (nginx.folder / "access.log").read_text(encoding="utf-8").splitlines()
    assert "secret" not in line
    facts = json.loads(line)
    assert (facts["method"], facts["path"], facts["status"]) == ("POST", "/event", "503")
    assert (facts["request_id"], facts["address"]) == ("me", "127.0.0.1")
