"""One request over a socket of its own, with every header as it is given."""

import http.client
import json
import time
from contextlib import closing, suppress
from email.message import Message
from typing import NamedTuple

import pytest

from tests.integration.servers import MAX_WAIT


class Answer(NamedTuple):
    status: int
    headers: Message  # names in any case
    body: str


def ask(port: int, method: str, path: str, *, body: str = "", address: str = "127.0.0.1", **headers: str) -> Answer:
    """Send a request; an underscore in a header's name means a hyphen. The default `Host` is the address.

    `source`, among the headers, is the address to send from.
    """
    source = headers.pop("source", "")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body:
        sent.setdefault("Content-Type", "application/json")
    with closing(http.client.HTTPConnection(address, port, MAX_WAIT, (source, 0))) as connection:
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())


def await_health(port: int, path: str = "/health/ready") -> None:
    """Return when the service answers 200; fail if it never does."""
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        with suppress(OSError):
            if ask(port, "GET", path).status == 200:
                return
        time.sleep(0.1)
    pytest.fail("the service does not answer")


def event(t: int, user_id: int = 1) -> str:
    return json.dumps({"type": "deposit", "amount": "1", "user_id": user_id, "t": t})
