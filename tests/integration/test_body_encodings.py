"""Bodies that are packed or encoded in another way: refused with what to send instead, on every route alike."""

import gzip
import json
import re

import pytest
from flask.testing import FlaskClient

from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql

JSON = "application/json"
BODIES = {
    "/event": {"type": "deposit", "amount": "1.00", "user_id": 1, "t": 1},
    "/event/": {"type": "deposit", "amount": "1.00", "user_id": 1, "t": 1},
    "/api/events": {"type": "deposit", "amount": "1.00", "user_id": 1, "t": 1},
    "/events": [{"type": "deposit", "amount": "1.00", "user_id": 1, "t": 1}],
    "/events/": [{"type": "deposit", "amount": "1.00", "user_id": 1, "t": 1}],
    "/users/1/events/1/reversal": {"reason": "why"},
    "/users/1/events/1/amendment": {"reason": "why", "amount": "2.00"},
    "/users/1/events/by-id/1/reversal": {"reason": "why"},
    "/users/1/events/by-id/1/amendment": {"reason": "why", "amount": "2.00"},
    "/users": {"name": "A", "email": "a@example.com"},
    "/rules": {"edition": 1},
    "/rules/1/shadow": {"note": "why"},
    "/rules/1/publish": {"note": "why"},
    "/rules/1/retire": {"note": "why"},
    "/interactions": {
        "id": "msg-1",
        "user_id": 1,
        "facts": {"occurred_at": "2026-01-31T09:30:00Z", "channel": "pop_up", "said": "x"},
    },
    "/actions": {
        "id": "act-1",
        "user_id": 1,
        "kind": "monitor",
        "decided_at": "2026-01-31T09:30:00Z",
        "reason": "x",
    },
    "/actions/1/steps": {"step": "executed", "happened_at": "2026-01-31T09:30:00Z"},
    "/webhooks/endpoints": {"name": "cases", "url": "https://1.1.1.1/alerts"},
    "/webhooks/endpoints/1/rotate": {},
    "/webhooks/endpoints/1/test": {},
    "/webhooks/endpoints/1/replay": {"dead": True},
    "/webhooks/deliveries/1/retry": {},
}
ROWS = (
    "SELECT (SELECT count(*) FROM activity_event), (SELECT count(*) FROM registered_user), max(edition) FROM rule_book"
)
every_route = pytest.mark.parametrize("path", BODIES)


PUTS = ("/users", "/users/1", "/rules/four-eyes")
PATCHES = ("/webhooks/endpoints/1",)
every_put = pytest.mark.parametrize(
    ("method", "path"), [*(("PUT", path) for path in PUTS), *(("PATCH", path) for path in PATCHES)]
)


def test_every_route_with_a_body_is_covered(app_with: AppWith) -> None:
    rules = [rule for rule in app_with().url_map.iter_rules() if not rule.rule.startswith("/console")]  # forms
    for method, covered in (("POST", BODIES), ("PUT", PUTS), ("PATCH", PATCHES)):
        paths = {rule.rule for rule in rules if rule.methods and method in rule.methods}
        assert {re.sub("<.*?>", "1", path) for path in paths} == {*covered}


@every_route
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "zstd", "nonsense", "identity, gzip"])
def test_a_content_encoding_is_refused_with_the_accepted_ones(
    client: FlaskClient, sql: Sql, path: str, coding: str
) -> None:
    """A29."""
    packed = gzip.compress(json.dumps(BODIES[path]).encode())
    answer = client.post(path, data=packed, content_type=JSON, headers={"Content-Encoding": coding})
    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept-Encoding"] == "identity"
    assert "without Content-Encoding" in answer.get_json()["detail"]
    assert sql(ROWS) == [(0, 0, 1)]


@pytest.mark.parametrize("coding", ["identity", "Identity", "", " identity "])
def test_the_identity_encoding_is_accepted(client: FlaskClient, coding: str) -> None:
    answer = client.post("/event", json=BODIES["/event"], headers={"Content-Encoding": coding})
    assert answer.status_code == 200


def test_another_media_type_is_refused_with_the_accepted_one(client: FlaskClient) -> None:
    answer = client.post("/event", data="{}", content_type="text/plain")
    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept"] == JSON
    assert "Accept-Encoding" not in answer.headers


@every_route
@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8-sig", "byte order mark"), ("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32-le", "UTF-32")],
)
def test_another_character_encoding_is_named(
    client: FlaskClient, sql: Sql, path: str, encoding: str, expected: str
) -> None:
    """A29."""
    answer = client.post(path, data=json.dumps(BODIES[path]).encode(encoding), content_type=JSON)
    assert problem(answer) == (400, "malformed-json")
    assert expected in answer.get_json()["detail"]
    assert sql(ROWS) == [(0, 0, 1)]


@every_put
def test_a_put_and_a_patch_are_read_as_strictly(client: FlaskClient, sql: Sql, method: str, path: str) -> None:
    encoded = {"Content-Encoding": "gzip"}
    packed = client.open(path, method=method, data=gzip.compress(b"{}"), content_type=JSON, headers=encoded)
    assert problem(packed) == (415, "unsupported-media-type")
    wide = client.open(path, method=method, data="{}".encode("utf-16"), content_type=JSON)
    assert problem(wide) == (400, "malformed-json")
    assert sql(ROWS) == [(0, 0, 1)]
