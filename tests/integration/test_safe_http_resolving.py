"""A name is resolved once for each request, and what it then is decides, whatever it was or will be."""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network
from threading import BoundedSemaphore, Event

import pytest

from lib.safe_http import Allowed, Failed, Refused, check_url, post, resolving
from tests.integration.receivers import OK, answering, receiving
from tests.integration.servers import MAX_WAIT

# 127.0.0.1 stands for a receiver that may be reached, every other address of loopback for what must not be.
ALLOWED = Allowed(http=True, networks=(ip_network("127.0.0.1/32"),))


class Resolver:
    """Answers each question with the next of these lists of addresses, and the last one ever after."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._original = socket.getaddrinfo

    def __call__(self, host: str, port: int, **options: int) -> list[object]:
        assert host == "hooks.example"
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [info for address in addresses for info in self._original(address, port, **options)]


def test_one_look_up_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with receiving(answering(OK)) as receiver:
        assert post(receiver.url("hooks.example"), b"", {}, ALLOWED).status == 200
        assert (receiver.connections, resolver.asked) == (1, 1)


def test_a_name_that_turned_inwards_after_it_was_checked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(["127.0.0.1"], ["127.0.0.2"]))
    with receiving(answering(OK), "127.0.0.2") as inner:
        url = inner.url("hooks.example")
        check_url(url, ALLOWED)
        with pytest.raises(Refused, match=r"^hooks\.example resolves to 127\.0\.0\.2, which is a loopback address$"):
            post(url, b"", {}, ALLOWED)
        assert inner.connections == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "::1"]])
def test_one_special_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(addresses))
    with receiving(answering(OK)) as receiver:
        with pytest.raises(Refused):
            check_url(receiver.url("hooks.example"), ALLOWED)
        with pytest.raises(Refused):
            post(receiver.url("hooks.example"), b"", {}, ALLOWED)
        assert receiver.connections == 0


def test_a_name_without_an_address_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolver, why in ((unknown, "Name or service not known"), (Resolver([]), "it has no address")):
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        with pytest.raises(Failed, match=f"^cannot resolve hooks.example: {why}$"):
            post("https://hooks.example/secret", b"", {}, ALLOWED)
        with pytest.raises(Refused, match=f"^cannot resolve hooks.example: {why}$"):
            check_url("https://hooks.example/secret", ALLOWED)


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Let no name be resolved until the event is set, which it is at the end."""
    answered = Event()

    def wait(*_: object, **__: object) -> list[object]:
        answered.wait(MAX_WAIT)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield answered
    answered.set()


def test_a_silent_resolver_is_given_up(silence: Event) -> None:
    began = time.monotonic()
    with pytest.raises(Failed, match=r"^timed out after 0\.2 s while resolving the host's name$"):
        post("https://hooks.example/", b"", {}, ALLOWED, timeout=0.2)
    assert time.monotonic() - began < 5
    assert not silence.is_set()


def test_a_silent_resolver_gets_a_bounded_number_of_threads(silence: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "lookups", lookups := BoundedSemaphore(2))
    for _ in range(3):
        with pytest.raises(Failed, match=r"timed out after 0\.1 s"):
            post("https://hooks.example/", b"", {}, ALLOWED, timeout=0.1)
    assert not lookups.acquire(blocking=False)
    silence.set()
    assert lookups.acquire(timeout=MAX_WAIT)
    assert lookups.acquire(timeout=MAX_WAIT)
