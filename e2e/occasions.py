"""How to bring about what the document shows, over HTTP, at a service that runs as it does out of the box."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from e2e.bodies import MAX_BODY_BYTES
from e2e.documented import ANY, Example
from e2e.service import REPLAY_HEADER, Customer

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """An example to be brought about, and a user of whom nothing is known yet."""

    example: Example
    customer: Customer

    def send(self, body: bytes = b"", media_type: str = JSON) -> httpx.Response:
        headers = {"Content-Type": media_type} if body else {}
        method, path = self.example.method, self.example.path
        return self.customer.client.request(method, path, content=body, headers=headers)

    def event(self, event_type: str, amount: str, t: object) -> httpx.Response:
        event = {"type": event_type, "amount": amount, "user_id": self.customer.user_id, "t": t}
        return self.customer.client.post(self.example.path, json=event)

    def events(self, *events: tuple[str, str, object]) -> httpx.Response:
        """Send them in turn; the last answer counts."""
        *before, last = events
        for event in before:
            self.event(*event).raise_for_status()
        return self.event(*last)


def replay(at: Occasion) -> httpx.Response:
    answer = at.events(("withdraw", "150.00", 10), ("withdraw", "150.00", 10))
    assert answer.headers[REPLAY_HEADER] == "true"
    return answer


WAYS: dict[tuple[str, str], Callable[[Occasion], httpx.Response]] = {
    (ANY, "malformed-json"): lambda at: at.send(b"[]"),
    (ANY, "too-large"): lambda at: at.send(b" " * (MAX_BODY_BYTES + 1)),
    (ANY, "unsupported-media-type"): lambda at: at.send(b"{}", "text/plain"),
    ("receive_event", "no-alert"): lambda at: at.event("deposit", "42.00", 10),
    ("receive_event", "alerts"): lambda at: at.events(
        ("deposit", "201.00", 10), ("withdraw", "5.00", 20), ("withdraw", "5.00", 30), ("withdraw", "5.00", 40)
    ),
    ("receive_event", "replay"): replay,
    ("receive_event", "invalid-event"): lambda at: at.event("deposit", "0", "10"),
    ("receive_event", "out-of-order"): lambda at: at.events(("deposit", "42.00", 10), ("deposit", "42.00", 9)),
    ("receive_event", "duplicate-event"): lambda at: at.events(("deposit", "42.00", 10), ("withdraw", "42.00", 10)),
    ("live", "live"): lambda at: at.send(),
    ("ready", "ready"): lambda at: at.send(),
}
# What needs keys, limits, a register, a defect or a database that is away: tests/integration/test_openapi.py.
ELSEWHERE = {
    "forbidden",
    "internal-error",
    "not-ready",
    "too-many-requests",
    "unauthorized",
    "unavailable",
    "unknown-user",
}
