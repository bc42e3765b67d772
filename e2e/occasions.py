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


def read_back(at: Occasion) -> httpx.Response:
    at.customer.deposit("42.00", t=10)
    at.customer.withdraw("150.00", t=20)
    return at.customer.client.get(at.example.path.replace("/1", f"/{at.customer.user_id}"))


def raise_an_alert(at: Occasion) -> None:
    for t, amount in ((0, "71.00"), (10, "71.00"), (28, "70.00")):
        at.customer.deposit(amount, t=t)


def read_alert(at: Occasion) -> httpx.Response:
    raise_an_alert(at)
    return at.customer.client.get(f"/alerts/{at.customer.user_id}/28/123")


def read_alerts(at: Occasion) -> httpx.Response:
    raise_an_alert(at)
    return at.customer.client.get("/alerts", params={"user": at.customer.user_id})


def register(at: Occasion) -> httpx.Response:
    user_id = at.customer.user_id
    user = {"user_id": user_id, "name": "Ada Sample", "email": f"ada.{user_id}@example.com"}
    return at.customer.client.post(at.example.path, json=user)


def register_twice(at: Occasion) -> httpx.Response:
    register(at).raise_for_status()
    return register(at)


def without_limit(at: Occasion) -> httpx.Response:
    return at.customer.client.get(at.example.path, params={"limit": 0})


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
    ("read_events", "last-page"): read_back,
    ("read_events", "invalid-request"): without_limit,
    ("read_activity", "activity"): read_back,
    ("read_activity", "invalid-request"): without_limit,
    ("read_events", "not-found"): lambda at: at.customer.client.get("/users/0/events"),
    ("read_activity", "not-found"): lambda at: at.customer.client.get("/users/0"),
    ("read_alert", "alert"): read_alert,
    ("read_alert", "unknown-alert"): lambda at: at.send(),
    ("read_alert", "not-found"): lambda at: at.customer.client.get("/alerts/0/1/1"),
    ("read_alert", "invalid-request"): lambda at: at.customer.client.get(at.example.path, params={"shadow": "maybe"}),
    ("read_alerts", "last-page"): read_alerts,
    ("read_alerts", "invalid-request"): without_limit,
    ("register_user", "registered"): register,
    ("register_user", "duplicate-user"): register_twice,
    ("register_user", "invalid-request"): lambda at: at.send(b'{"name": "Ada Sample", "email": "ada"}'),
    ("read_users", "invalid-request"): without_limit,
    ("show_metrics", "excerpt"): lambda at: at.send(),
    ("live", "live"): lambda at: at.send(),
    ("ready", "ready"): lambda at: at.send(),
}
# What needs keys, limits, a register, a defect or a database that is away: tests/integration/test_openapi.py.
ELSEWHERE = {
    "no-free-user-id",
    "forbidden",
    "internal-error",
    "not-ready",
    "too-many-requests",
    "unauthorized",
    "unavailable",
    "unknown-user",
    "whole-register",
}
