"""A receiver of webhooks on this machine, and an application that may tell it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

from flask.testing import FlaskClient

LOOPBACK: dict[str, Any] = {"webhook_http": True, "webhook_allow": (ip_network("127.0.0.0/8"),)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it came, with the names of its headers in lower case."""

    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  # any JSON value
        """Return what the body says."""
        return json.loads(self.body)


@dataclass(slots=True)
class Receiving:
    """What came at an address, and what is answered there: a status and a text."""

    url: str
    answer: tuple[int, bytes] = (200, b"ok")
    received: list[ReceivedRequest] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiving]:
    """Listen at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            there.received.append(ReceivedRequest(headers=headers, body=body))
            status, text = there.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there = Receiving(url=f"http://127.0.0.1:{server.server_port}/alerts")
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()


def endpoint_at(client: FlaskClient, url: str, **more: object) -> dict[str, Any]:
    """Create an endpoint at an address, and return it with its secret."""
    answer = client.post("/webhooks/endpoints", json={"name": "cases", "url": url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made
