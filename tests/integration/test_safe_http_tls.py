"""TLS to a receiver: only one with a certificate for the very name of the URL gets to see anything."""

import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from lib.safe_http import Allowed, Failed, post
from lib.safe_http.connections import client_context
from tests.integration.certificate_authorities import Authority, new_authority
from tests.integration.receivers import DRIP, OK, Receiver, Script, answering, dripping, receiving

LOOPBACK = Allowed(networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def context(authority: Authority) -> ssl.SSLContext:
    """What a server named localhost uses."""
    made = authority.certify("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    return context


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust the tests' authority, as an operator with a private one would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    client_context.cache_clear()
    yield
    client_context.cache_clear()


def secure_url(receiver: Receiver, host: str) -> str:
    return receiver.url(host, scheme="https")


@pytest.mark.usefixtures("trusted")
def test_the_name_is_sent_checked_and_addressed(context: ssl.SSLContext) -> None:
    names: list[str | None] = []
    requests: list[bytes] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with receiving(answering(OK, requests), context=context) as receiver:
        answer = post(secure_url(receiver, "LOCALHOST"), b"x" * 100_000, {}, LOOPBACK)
    assert (answer.status, answer.text) == (200, "ok")
    assert names == ["localhost"]
    assert f"\r\nHost: localhost:{receiver.port}\r\n".encode() in requests[0]
    assert requests[0].endswith(b"x" * 100_000)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(context: ssl.SSLContext) -> None:
    requests: list[bytes] = []
    with receiving(answering(OK, requests), context=context) as receiver:
        with pytest.raises(
            Failed, match=r"^certificate: IP address mismatch, certificate is not valid for '127\.0\.0\.1'$"
        ):
            post(secure_url(receiver, "127.0.0.1"), b"", {}, LOOPBACK)
        with pytest.raises(Failed, match=r"^certificate: "):
            post(secure_url(receiver, "127.1"), b"", {}, LOOPBACK)
    assert receiver.connections == 2
    assert requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(context: ssl.SSLContext) -> None:
    client_context.cache_clear()
    requests: list[bytes] = []
    with (
        receiving(answering(OK, requests), context=context) as receiver,
        pytest.raises(Failed, match=r"^certificate: "),
    ):
        post(secure_url(receiver, "localhost"), b"", {}, LOOPBACK)
    assert requests == []


def speak_http(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def close(_connection: socket.socket) -> None:
    return


@pytest.mark.parametrize(("script", "why"), [(speak_http, "wrong version number"), (close, ".+")])
def test_a_server_without_tls_gets_nothing(script: Script, why: str) -> None:
    with receiving(script) as receiver, pytest.raises(Failed, match=f"^TLS: {why}$"):
        post(secure_url(receiver, "127.0.0.1"), b"", {}, LOOPBACK)


def drip_a_record(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x03\x10\x00")  # the header of a handshake record of 4,096 bytes
    while True:
        connection.sendall(b"\x02")
        time.sleep(DRIP)


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("script", [drip_a_record, say_nothing])
def test_the_deadline_holds_for_the_handshake(script: Script) -> None:
    began = time.monotonic()
    with (
        receiving(script) as receiver,
        pytest.raises(Failed, match=r"^timed out after 0\.5 s while agreeing on TLS$"),
    ):
        post(secure_url(receiver, "127.0.0.1"), b"", {}, LOOPBACK, timeout=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("at_once", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["headers", "body"])
def test_the_deadline_holds_for_an_answer_over_tls(context: ssl.SSLContext, at_once: bytes) -> None:
    began = time.monotonic()
    with (
        receiving(dripping(at_once, b"x"), context=context) as receiver,
        pytest.raises(Failed, match=r"^timed out after 0\.5 s"),
    ):
        post(secure_url(receiver, "localhost"), b"", {}, LOOPBACK, timeout=0.5)
    assert time.monotonic() - began < 5
