"""The endpoint, from request to row and back (CONTRACT)."""

import io
import json

import pytest
from flask.testing import FlaskClient

from tests.integration.clients import codes, problem, send
from tests.integration.conftest import AppWith, Sql

SAMPLE = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}
JSON = "application/json"


def test_an_event_is_answered_and_stored_with_its_decision(client: FlaskClient, sql: Sql) -> None:
    answer = client.post("/event", json={**SAMPLE, "amount": "201"})
    assert answer.get_json() == {"alert": True, "alert_codes": [123], "user_id": 1}
    assert "Idempotent-Replay" not in answer.headers
    assert sql("SELECT user_id, t, type, amount::text, alert_codes FROM activity_event") == [
        (1, 10, "deposit", "201.00", [123])
    ]
    assert sql("SELECT user_id, last_t FROM user_clock") == [(1, 10)]


@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_the_endpoint_has_three_paths(client: FlaskClient, path: str) -> None:
    assert codes(client.post(path, json=SAMPLE)) == []


@pytest.mark.parametrize("media_type", [JSON, "Application/JSON", "application/json; charset=utf-8"])
def test_the_media_type_is_parsed_as_http_defines(client: FlaskClient, media_type: str) -> None:
    assert codes(client.post("/event", data=json.dumps(SAMPLE), content_type=media_type)) == []


def test_codes_come_from_the_stored_history(client: FlaskClient) -> None:
    sent = [("deposit", "90", 0), ("deposit", "95", 10), ("deposit", "99", 20), ("withdraw", "1", 30)]
    assert [codes(send(client, *event)) for event in sent] == [[], [], [123, 300], [123, 300]]
    assert codes(send(client, "withdraw", "100.01", 60)) == [300, 1100]
    assert codes(send(client, "withdraw", "1", 61)) == [30, 300]
    assert codes(send(client, "deposit", "1", 62)) == []


def test_players_are_judged_separately(client: FlaskClient) -> None:
    for user_id in (1, 2, 3):
        assert codes(send(client, "withdraw", "1", user_id, user_id)) == []


def test_the_same_event_again_gets_its_first_answer(client: FlaskClient, sql: Sql) -> None:
    """A5."""
    first = send(client, "deposit", "201", 10)
    send(client, "withdraw", "500", 300)
    again = client.post("/event", data='{"t":10,"user_id":1,"amount":201.0,"type":"deposit"}', content_type=JSON)
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.get_json() == first.get_json()
    assert sql("SELECT count(*) FROM activity_event") == [(2,)]


@pytest.mark.parametrize("changed", [{"amount": "42.01"}, {"type": "withdraw"}], ids=["amount", "type"])
@pytest.mark.parametrize("old", [False, True], ids=["the latest", "an old one"])
def test_a_different_event_at_a_known_t_is_refused(client: FlaskClient, changed: dict[str, str], old: bool) -> None:  # noqa: FBT001
    client.post("/event", json=SAMPLE)
    if old:
        send(client, "deposit", "1", 11)
    assert problem(client.post("/event", json={**SAMPLE, **changed})) == (409, "duplicate-event")


def test_a_t_before_the_latest_is_refused_naming_the_latest(client: FlaskClient) -> None:
    send(client, "deposit", "1", 10)
    answer = send(client, "deposit", "1", 9)
    assert problem(answer) == (400, "out-of-order")
    assert "10" in answer.get_json()["detail"]


REFUSED = {
    "malformed": ({"data": "{", "content_type": JSON}, (400, "malformed-json")),
    "no object": ({"data": "[]", "content_type": JSON}, (400, "malformed-json")),
    "a member missing": ({"json": {"type": "deposit"}}, (400, "invalid-event")),
    "a member unknown": ({"json": {**SAMPLE, "x": 1}}, (400, "invalid-event")),
    "a member twice": ({"data": '{"t": 1, "t": 1}', "content_type": JSON}, (400, "invalid-event")),
    "no body": ({"content_type": JSON}, (400, "malformed-json")),
    "another media type": ({"data": json.dumps(SAMPLE), "content_type": "text/plain"}, (415, "unsupported-media-type")),
    "no media type": ({"data": json.dumps(SAMPLE)}, (415, "unsupported-media-type")),
    "too large": ({"data": json.dumps(SAMPLE) + " " * 17_000, "content_type": JSON}, (413, "too-large")),
    "a byte too large": (
        {"data": json.dumps(SAMPLE).ljust(16 * 1024 + 1), "content_type": JSON},
        (413, "too-large"),
    ),
}


@pytest.mark.parametrize(("request_", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_leaves_no_trace(
    client: FlaskClient, sql: Sql, request_: dict[str, object], expected: tuple[int, str]
) -> None:
    assert problem(client.post("/event", **request_)) == expected
    assert sql("SELECT (SELECT count(*) FROM activity_event), (SELECT count(*) FROM user_clock)") == [(0, 0)]


@pytest.mark.parametrize("status", [409, 400])
def test_a_late_refusal_leaves_no_trace(client: FlaskClient, sql: Sql, status: int) -> None:
    client.post("/event", json=SAMPLE)
    before = sql("SELECT e, c FROM activity_event AS e JOIN user_clock AS c USING (user_id)")
    assert send(client, "deposit", "1", 10 if status == 409 else 9).status_code == status
    assert sql("SELECT e, c FROM activity_event AS e JOIN user_clock AS c USING (user_id)") == before


def test_errors_name_the_invalid_members(client: FlaskClient) -> None:
    body = client.post("/event", json={**SAMPLE, "amount": "1e2", "t": -1}).get_json()
    assert body["errors"].keys() == {"amount", "t"}


@pytest.mark.parametrize(("size", "status"), [(16 * 1024, 200), (16 * 1024 + 1, 413), (100_000, 413)])
def test_a_chunked_body_over_the_limit_is_refused_not_cut(client: FlaskClient, size: int, status: int) -> None:
    answer = client.post(
        "/event",
        input_stream=io.BytesIO(json.dumps(SAMPLE).encode().ljust(size)),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status


def test_unknown_paths_and_methods_are_problems(client: FlaskClient) -> None:
    assert problem(client.post("/nothing", json=SAMPLE)) == (404, "not-found")
    answer = client.get("/event")
    assert problem(answer) == (405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_client_may_send_the_request_id(client: FlaskClient) -> None:
    """A13."""
    assert client.get("/nothing", headers={"X-Request-ID": "order-66.a"}).headers["X-Request-ID"] == "order-66.a"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b'], ids=["empty", "long", "a space", "a quote"])
def test_a_request_id_that_is_not_well_formed_is_replaced(client: FlaskClient, given: str) -> None:
    assert len(client.get("/nothing", headers={"X-Request-ID": given}).headers["X-Request-ID"]) == 32


def test_events_of_the_whole_range_are_accepted(client: FlaskClient) -> None:
    greatest = 2**63 - 1
    assert codes(send(client, "deposit", "999999999999.99", 0, greatest)) == [123]
    assert codes(send(client, "withdraw", "999999999999.99", greatest, greatest)) == [1100]


def test_only_registered_players_are_accepted_when_required(app_with: AppWith, sql: Sql) -> None:
    """A11."""
    client = app_with(registered_users_only=True).test_client()
    assert problem(client.post("/event", json=SAMPLE)) == (404, "unknown-user")
    assert sql("SELECT count(*) FROM user_clock") == [(0,)]
    sql("INSERT INTO registered_user (user_id, name, email) VALUES (1, 'Ada', 'ada@example.com')")
    assert codes(client.post("/event", json=SAMPLE)) == []


def test_an_event_stored_before_the_register_was_required_is_still_replayed(app_with: AppWith) -> None:
    first = app_with().test_client().post("/event", json=SAMPLE)
    strict = app_with(registered_users_only=True).test_client()
    again = strict.post("/event", json=SAMPLE)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert problem(strict.post("/event", json={**SAMPLE, "t": 11})) == (404, "unknown-user")


def test_the_samples_are_registered_once(app_with: AppWith, sql: Sql) -> None:
    """A15."""
    runner = app_with().test_cli_runner()
    for _ in range(2):
        printed = runner.invoke(args=["users", "seed"])
        assert printed.exit_code == 0
        assert [line.split()[0] for line in printed.output.splitlines()] == ["1", "2", "3", "4"]
    assert sql("SELECT count(*) FROM registered_user") == [(4,)]
