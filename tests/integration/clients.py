"""Short ways to send events to the application in tests."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def send(client: FlaskClient, kind: str, amount: str, t: int, user_id: int = 1) -> TestResponse:
    return client.post("/event", json={"type": kind, "amount": amount, "user_id": user_id, "t": t})


def codes(answer: TestResponse) -> list[int]:
    """Return the codes of an answer that must be a 200."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    assert body["alert"] is bool(body["alert_codes"])
    return list(body["alert_codes"])


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return status and kind (A12) of an answer that must be a problem in full."""
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= body.keys()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["instance"] == answer.request.path
    return answer.status_code, body["type"].removeprefix("urn:problem-type:")
