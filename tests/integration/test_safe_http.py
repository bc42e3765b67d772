"""Requests to receivers on loopback that are slow, endless or rude: each ends in time and reads no more than it may."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from ipaddress import ip_network
from threading import Event

import pytest

from lib.safe_http import Allowed, Answer, Failed, Refused, post
from tests.integration.receivers import OK, Script, answering, dripping, flooding, read_request, receiving, resetting
from tests.integration.servers import MAX_WAIT

LOOPBACK = Allowed(http=True, networks=(ip_network("127.0.0.1/32"),))
TIMEOUT = 0.5
SLACK = 5.0  # seconds that a busy machine may take beyond it; what drips does so for ever
MIB = bytes(1024 * 1024)


def post_to(script: Script, timeout: float = 10) -> Answer:
    with receiving(script) as receiver:
        return post(receiver.url(), b"{}", {}, LOOPBACK, timeout=timeout)


def fails_in_time(url: str, body: bytes = b"{}") -> str:
    """Return the reason of a request that misses its deadline, and does so without waiting for longer."""
    began = time.monotonic()
    with pytest.raises(Failed) as failed:
        post(url, body, {}, LOOPBACK, timeout=TIMEOUT)
    assert TIMEOUT <= time.monotonic() - began < TIMEOUT + SLACK
    return str(failed.value)


def test_a_request_is_sent_as_given_and_its_answer_returned() -> None:
    requests: list[bytes] = []
    script = answering(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater", requests)
    with receiving(script) as receiver:
        answer = post(receiver.url(path="/hook?a=%20"), b'{"a": 1}', {"Content-Type": "application/json"}, LOOPBACK)
    assert answer == Answer(status=429, text="later", retry_after=7)
    head, _, body = requests[0].decode().partition("\r\n\r\n")
    assert body == '{"a": 1}'
    assert head.split("\r\n") == [
        "POST /hook?a=%20 HTTP/1.1",
        f"Host: 127.0.0.1:{receiver.port}",
        "Connection: close",
        "Accept-Encoding: identity",
        "Content-Length: 8",
        "Content-Type: application/json",
    ]


DRIPS = {
    "status line": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    "body without an end": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_the_deadline_holds_for_all_bytes_together(part: str) -> None:
    with receiving(dripping(*DRIPS[part])) as receiver:
        reason = fails_in_time(receiver.url())
    doing = "reading the answer's body (status 200)" if "200" in str(DRIPS[part]) and part != "headers" else "waiting"
    assert reason.startswith(f"timed out after 0.5 s while {doing}")


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    with receiving(answering(b"")) as receiver:
        assert fails_in_time(receiver.url()) == "timed out after 0.5 s while waiting for the answer"


def test_a_receiver_that_does_not_read_is_given_up() -> None:
    given_up = Event()

    def wait(_: socket.socket) -> None:
        given_up.wait(MAX_WAIT)

    with receiving(wait) as receiver:
        reason = fails_in_time(receiver.url(), b"x" * 50 * len(MIB))
        given_up.set()
    assert reason == "timed out after 0.5 s while sending the request"


def test_an_answer_before_the_deadline_counts() -> None:
    def slow(connection: socket.socket) -> None:
        read_request(connection)
        for byte in OK:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)

    assert post_to(slow) == Answer(status=200, text="ok", retry_after=None)


FLOODS = {
    "one GB": (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"x" * len(MIB)),
    "no end": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * len(MIB)),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b"x" * len(MIB) + b"\r\n"),
    "tiny chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 60 + b"\r\nx\r\n"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_of_an_endless_body_the_beginning_is_read(kind: str) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        at_once, again = FLOODS[kind]
        read_request(connection)
        connection.sendall(at_once)
        while True:
            connection.sendall(again)
            sent += len(again)

    answer = post_to(flood)
    assert answer == Answer(status=200, text="x" * 500, retry_after=None)
    assert sent < 64 * len(MIB)  # what the kernel's buffers took


def test_sizes_of_chunks_count_as_read() -> None:
    chunk = b"1;" + b"e" * 60_000 + b"\r\nx\r\n"
    answer = post_to(flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, 100_000), timeout=2)
    assert answer == Answer(status=200, text="x", retry_after=None)


@pytest.mark.parametrize("again", [b"A: " + b"b" * 1000 + b"\r\n", b"b" * 1000], ids=["many headers", "a long one"])
def test_endless_headers_are_no_answer(again: bytes) -> None:
    with pytest.raises(Failed, match=r"^no answer: its headers are longer than 32 KiB$"):
        post_to(flooding(b"HTTP/1.1 200 OK\r\nA: b", again, 100_000))


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    assert post_to(flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"abc", 3)).text == "abcabcabc"


def test_a_half_closed_connection_is_no_answer() -> None:
    def half_close(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)
        read_request(connection)

    with pytest.raises(Failed, match=r"^no answer: the connection was closed$"):
        post_to(half_close)


def test_a_reset_is_no_answer_unless_the_headers_have_come() -> None:
    with pytest.raises(Failed, match=r"^no answer: connection reset by peer$"):
        post_to(resetting(b"HTTP/1.1 200 OK\r\n"))
    answer = post_to(resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"))
    assert answer.status == 200


def test_a_redirect_is_not_followed() -> None:
    with receiving(answering(OK)) as private:
        location = f"Location: {private.url()}\r\n".encode()
        answer = post_to(answering(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n" + location + b"\r\n"))
        assert answer.status == 301
        assert private.connections == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(answering(OK)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(path=""))
        monkeypatch.delenv("no_proxy", raising=False)
        assert post_to(answering(OK)).status == 200
        assert proxy.connections == 0


def test_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Failed, match=r"^connection refused$"):
        post(f"http://127.0.0.1:{port}/", b"", {}, LOOPBACK)


@contextmanager
def silent_listener(host: str = "127.0.0.1") -> Iterator[int]:
    """Have a port that neither accepts nor refuses: its queue is full, so the kernel drops each further packet."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, 0), backlog=0))
        while True:
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


def test_a_connection_that_is_not_answered_is_given_up() -> None:
    with silent_listener() as port:
        assert fails_in_time(f"http://127.0.0.1:{port}/") == "timed out after 0.5 s while connecting"


def resolve_to(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let every name have these addresses."""
    original = socket.getaddrinfo

    def resolve(_host: str, port: int, **options: int) -> list[object]:
        return [info for host in hosts for info in original(host, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_an_address_that_is_silent_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = Allowed(http=True, networks=(ip_network("127.0.0.0/8"),))
    with silent_listener("127.0.0.2") as port, closing(socket.create_server(("127.0.0.1", port))) as listener:
        resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        with pytest.raises(Failed, match=r"while waiting for the answer$"):  # it never answers, but it was reached
            post(f"http://hooks.example:{port}/", b"", {}, allowed, timeout=1)
        listener.settimeout(TIMEOUT)
        listener.accept()[0].close()


HEADERS = [
    ("X", "a\r\nB: c"),
    ("X", "a\nB: c"),
    ("X", "a\r\n folded"),
    ("X", "a\x00"),
    ("X", "ü"),
    ("X\r\nB", "c"),
    ("X: y", "c"),
    ("", "c"),
    ("Host", "other.example"),
    ("content-length", "0"),
    ("Transfer-Encoding", "chunked"),
]


@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_no_header_adds_another_or_changes_where_the_request_ends(name: str, value: str) -> None:
    with receiving(answering(OK)) as receiver:
        with pytest.raises(Refused, match=r"^the header '.*' cannot be sent$") as refused:
            post(receiver.url(), b"", {name: value}, LOOPBACK)
        assert "\n" not in str(refused.value)
        assert receiver.connections == 0
