"""Every worker of a running service refuses a revoked key within five seconds."""

import http.client
import json
import time
from contextlib import closing
from typing import Any

import pytest
from apiflask import APIFlask

from app.access.controllers import create_key, revoke_key
from app.access.domain import Access, Scope, prefix_of
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring

PROMISED = 5  # seconds
IN_A_ROW = 60  # refusals, each over a new connection, until every worker must have answered


def post(port: int, key: str) -> tuple[int, Any]:
    """Send an event over a new connection, which any of the workers may take; return status and body."""
    body = json.dumps({"type": "deposit", "amount": "1", "user_id": 1, "t": 1})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=MAX_WAIT)) as connection:
        connection.request("POST", "/event", body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def await_service(port: int, key: str) -> None:
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        try:
            if post(port, key)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the service does not answer")


def seconds_until_refused(port: int, key: str) -> float:
    """Return when the key was taken for the last time, in seconds from now."""
    began = last_taken = time.monotonic()
    refused = 0
    while refused < IN_A_ROW or time.monotonic() - last_taken < PROMISED / 2:
        status, _ = post(port, key)
        refused = refused + 1 if status == 401 else 0
        last_taken = last_taken if status == 401 else time.monotonic()
        assert last_taken - began < MAX_WAIT
    return last_taken - began


def test_every_worker_refuses_a_revoked_key_within_five_seconds(app: APIFlask, serve: Serve, port: int) -> None:
    database = wiring(app).database
    key = create_key(database, "payments", [Scope.EVENTS_WRITE], None)
    serve(ACCESS=Access.KEYS.value, WEB_WORKERS="2", LOG_LEVEL="ERROR")  # its log is not read while it runs
    await_service(port, key)
    assert [post(port, key)[0] for _ in range(IN_A_ROW)] == [200] * IN_A_ROW  # every worker has seen it
    revoke_key(database, prefix_of(key))
    assert seconds_until_refused(port, key) < PROMISED
    assert post(port, key)[1]["detail"].startswith("this key is revoked")
