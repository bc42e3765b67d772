"""Endpoints over HTTP: created, listed, changed, paused, deleted; every refusal."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from threading import BoundedSemaphore
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.test import TestResponse

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from app.webhooks import outside
from app.webhooks.domain import MAX_ENDPOINTS
from tests.integration.clients import problem
from tests.integration.conftest import AppWith, Sql
from tests.integration.endpoints import LOOPBACK, Receiving, endpoint_at, receiving
from tests.integration.wiring import wiring

URL = "https://1.1.1.1/alerts"  # public, and resolved without asking anybody
NEW = {"name": "cases", "url": URL}
KEY, OTHER_KEY = "k" * 32, "o" * 32


@pytest.fixture
def receiver() -> Iterator[Receiving]:
    with receiving() as there:
        yield there


def created(client: FlaskClient, **more: object) -> dict[str, Any]:
    answer = client.post("/webhooks/endpoints", json={**NEW, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/webhooks/endpoints/{body['id']}"
    return body


def steps(sql: Sql, endpoint_id: int) -> list[tuple[str, str]]:
    return [*sql("SELECT step, note FROM endpoint_event WHERE endpoint_id = %s ORDER BY id", endpoint_id)]


def fault(answer: TestResponse) -> Any:  # noqa: ANN401  # a mapping of members, perhaps nested
    assert problem(answer) == (400, "invalid-request")
    return answer.get_json()["errors"]


def test_a_created_endpoint_shows_its_secret_once(client: FlaskClient, sql: Sql) -> None:
    made = created(client, filter={"codes": [1100, 123, 123], "only_fresh": True})
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    shown = client.get(f"/webhooks/endpoints/{made['id']}").get_json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown["filter"] == {"topics": [], "codes": [123, 1100], "strength": None, "groups": [], "only_fresh": True}
    assert (shown["state"], shown["format"], shown["per_second"]) == ("enabled", "standard", 10)
    assert client.get("/webhooks/endpoints").get_json() == {"endpoints": [shown]}
    assert steps(sql, made["id"]) == [("create", "cases, standard, 1.1.1.1")]
    stored = str(sql("SELECT to_json(endpoint) FROM endpoint"))
    assert made["secret"].removeprefix("whsec_") not in stored


def test_a_channel_has_no_secret(client: FlaskClient) -> None:
    made = created(client, format="slack")
    assert made["secret"] is None
    answer = client.post(f"/webhooks/endpoints/{made['id']}/rotate")
    assert problem(answer) == (409, "not-signed")


def test_what_is_left_out_of_a_change_stays(client: FlaskClient, sql: Sql) -> None:
    made = created(client, filter={"codes": [30]}, per_second=5)
    path = f"/webhooks/endpoints/{made['id']}"
    changed = client.patch(path, json={"url": "https://1.0.0.1/secret/path", "per_second": 7}).get_json()
    assert (changed["name"], changed["filter"]["codes"], changed["per_second"]) == ("cases", [30], 7)
    assert client.patch(path, json={}).get_json() == changed
    assert client.patch(path, json={"per_second": 7}).get_json() == changed
    filtered = client.patch(path, json={"filter": {"groups": ["vip"]}}).get_json()
    assert (filtered["filter"]["codes"], filtered["filter"]["groups"]) == ([], ["vip"])
    assert steps(sql, made["id"])[1:] == [
        ("change", "address 1.1.1.1 to 1.0.0.1; per_second 5 to 7"),
        ("change", "filter 30 to vip"),
    ]


def test_an_endpoint_that_was_disabled_starts_afresh_when_it_is_enabled(client: FlaskClient, sql: Sql) -> None:
    path = f"/webhooks/endpoints/{created(client)['id']}"
    sql("UPDATE endpoint SET state = 'disabled', reason = 'gone: 410', failing_since = now(), hold_until = now()")
    shown = client.get(path).get_json()
    assert (shown["state"], shown["reason"]) == ("disabled", "gone: 410")
    assert shown["failing_since"]
    enabled = client.patch(path, json={"state": "enabled"}).get_json()
    assert [enabled[name] for name in ("state", "reason", "failing_since", "hold_until")] == ["enabled", "", None, None]
    assert client.patch(path, json={"state": "paused"}).get_json()["state"] == "paused"
    assert [each for each in steps(sql, shown["id"]) if each[0] != "create"] == [
        ("enable", "was disabled: gone: 410"),
        ("pause", "was enabled"),
    ]


def test_a_deleted_endpoint_is_gone_and_nothing_is_due_to_it(client: FlaskClient, sql: Sql) -> None:
    made = created(client)
    sql(
        "INSERT INTO delivery (message_id, endpoint_id, topic) SELECT 'm' || i, %s, 'alert.raised'"
        " FROM generate_series(1, 5001) AS i",
        made["id"],
    )
    path = f"/webhooks/endpoints/{made['id']}"
    assert client.delete(path).status_code == 204
    assert sql("SELECT state, count(*), bool_and(done_at IS NOT NULL) FROM delivery GROUP BY state") == [
        ("dropped", 5001, True)
    ]
    for answer in (
        client.get(path),
        client.patch(path, json={"name": "x"}),
        client.patch(path, json={"url": URL}),
        client.delete(path),
        *(client.post(f"{path}/{step}", json={}) for step in ("rotate", "test")),
        client.post(f"{path}/replay", json={"dead": True}),
    ):
        assert problem(answer) == (404, "unknown-endpoint")
    assert client.get("/webhooks/endpoints").get_json() == {"endpoints": []}


def test_there_are_at_most_fifty(client: FlaskClient, sql: Sql) -> None:
    sql(
        "INSERT INTO endpoint (name, url, format, per_second, key, made_by)"
        " SELECT 'x', 'https://1.1.1.1', 'standard', 1, 'k', 'me' FROM generate_series(1, %s)",
        MAX_ENDPOINTS - 1,
    )
    last = created(client)
    assert problem(client.post("/webhooks/endpoints", json=NEW)) == (409, "too-many-endpoints")
    client.delete(f"/webhooks/endpoints/{last['id']}")
    created(client)


WRONG: list[tuple[dict[str, object], object]] = [
    ({"url": "http://1.1.1.1/x"}, "or allow it with WEBHOOK_HTTP=true"),
    ({"url": "https://10.1.2.3/x"}, "10.1.2.3 is a private address; to allow it, add 10.1.2.3 to WEBHOOK_ALLOW"),
    ({"url": "https://2130706433/"}, "which is a loopback address"),
    ({"url": "https://me:secret@1.1.1.1/"}, "user name or password"),
    ({"url": "ftp://1.1.1.1/"}, "does not begin with https://"),
    ({"url": "mailto:ops@example.com"}, "only for the format email"),
    ({"url": URL, "format": "email"}, "such as mailto:ops@example.com"),
    ({"url": "mailto:ops", "format": "email"}, "one address in ASCII"),
    ({"url": "mailto:ops@example.com?cc=x@example.com", "format": "email"}, "one address in ASCII"),
    ({"url": "mailto:ops@example.com", "format": "email"}, "SMTP_URL is not set"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[str(each[0]["url"]) + str(len(each[0])) for each in WRONG])
def test_an_address_is_refused_with_what_would_allow_it(
    client: FlaskClient, sql: Sql, given: dict[str, object], said: str
) -> None:
    """A65."""
    [told] = fault(client.post("/webhooks/endpoints", json={**NEW, **given}))["url"]
    assert said in told
    assert not told[0].islower()
    assert told.endswith(".")
    assert sql("SELECT count(*) FROM endpoint") == [(0,)]


def test_a_changed_address_is_checked_as_a_new_one_is(client: FlaskClient) -> None:
    path = f"/webhooks/endpoints/{created(client)['id']}"
    for url in ("https://10.1.2.3/x", "mailto:ops@example.com"):
        assert "url" in fault(client.patch(path, json={"url": url}))
    assert client.get(path).get_json()["url"] == URL


def test_settings_allow_inner_addresses_and_http(app_with: AppWith) -> None:
    client = app_with(webhook_http=True, webhook_allow=(ip_network("10.1.0.0/16"),)).test_client()
    created(client, url="http://10.1.2.3:8080/x")
    assert "url" in fault(client.post("/webhooks/endpoints", json={**NEW, "url": "http://10.2.2.3/x"}))


def test_an_email_address_needs_a_mail_server(app_with: AppWith) -> None:
    client = app_with(smtp_url="smtp://127.0.0.1:1?tls=off", mail_from="alerts@example.com").test_client()
    assert created(client, url="mailto:ops@example.com", format="email")["secret"] is None


MEMBERS: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"url": "https://1.1.1.1/" + "x" * 2048}, "url"),
    ({"format": "xml"}, "format"),
    ({"format": ["standard"]}, "format"),
    ({"per_second": 0}, "per_second"),
    ({"per_second": 101}, "per_second"),
    ({"per_second": "1"}, "per_second"),
    ({"filter": []}, "filter"),
    ({"filter": {"topics": ["endpoint.test"]}}, "filter"),
    ({"filter": {"codes": [0]}}, "filter"),
    ({"filter": {"codes": [1] * 101}}, "filter"),
    ({"filter": {"strength": "weak"}}, "filter"),
    ({"filter": {"groups": ["VIP"]}}, "filter"),
    ({"filter": {"only_fresh": 1}}, "filter"),
    ({"filter": {"colour": "red"}}, "filter"),
    ({"state": "enabled"}, "state"),
    ({"secret": "whsec_mine"}, "secret"),
]


@pytest.mark.parametrize(("given", "named"), MEMBERS, ids=[str(each[0])[:60] for each in MEMBERS])
def test_a_member_that_is_wrong_or_unknown_is_named(client: FlaskClient, given: dict[str, object], named: str) -> None:
    assert set(fault(client.post("/webhooks/endpoints", json={**NEW, **given}))) == {named}


@pytest.mark.parametrize(
    "given", [{"state": "disabled"}, {"state": "deleted"}, {"format": "slack"}, {"per_second": 0}, {"reason": ""}]
)
def test_a_change_that_nobody_may_make_is_refused_by_name(client: FlaskClient, given: dict[str, object]) -> None:
    path = f"/webhooks/endpoints/{created(client)['id']}"
    assert set(fault(client.patch(path, json=given))) == {*given}


def test_without_a_key_no_endpoint_can_be_created(app_with: AppWith) -> None:
    answer = app_with(webhook_key=()).test_client().post("/webhooks/endpoints", json=NEW)
    assert problem(answer) == (409, "no-webhook-key")
    assert "WEBHOOK_KEY" in answer.get_json()["detail"]
    assert "openssl rand -hex 32" in answer.get_json()["detail"]


def test_each_operation_needs_its_scope_and_names_who_did_it(app_with: AppWith, sql: Sql) -> None:
    app = app_with(access=Access.KEYS)
    reader, writer = (
        {"Authorization": f"Bearer {create_key(wiring(app).database, scope.value, [scope], None)}"}
        for scope in (Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE)
    )
    client = app.test_client()
    assert client.post("/webhooks/endpoints", json=NEW, headers=reader).status_code == 403
    assert client.post("/webhooks/endpoints", json=NEW, headers=writer).status_code == 201
    assert client.get("/webhooks/endpoints", headers=writer).status_code == 403
    assert client.get("/webhooks/endpoints", headers=reader).status_code == 200
    [(who,)] = sql("SELECT who FROM endpoint_event")
    assert re.fullmatch("key:[0-9a-f]{12} webhooks:write", who)


def test_steps_are_read_newest_first_by_whoever_may_read(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    reader, writer = (
        {"Authorization": f"Bearer {create_key(wiring(app).database, scope.value, [scope], None)}"}
        for scope in (Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE)
    )
    client = app.test_client()
    path = client.post("/webhooks/endpoints", json=NEW, headers=writer).headers["Location"]
    for rate in (3, 4):
        client.patch(path, json={"per_second": rate}, headers=writer)
    client.delete(path, headers=writer)
    assert client.get(f"{path}/steps", headers=writer).status_code == 403
    first = client.get(f"{path}/steps?limit=2", headers=reader).get_json()
    then = client.get(f"{path}/steps?before={first['next_before']}", headers=reader).get_json()
    assert [(each["step"], each["note"]) for each in (*first["steps"], *then["steps"])] == [
        ("delete", ""),
        ("change", "per_second 3 to 4"),
        ("change", "per_second 10 to 3"),
        ("create", "cases, standard, 1.1.1.1"),
    ]
    assert then["next_before"] is None
    assert {each["who"][:4] for each in first["steps"]} == {"key:"}
    assert problem(client.get(f"{path}9/steps", headers=reader)) == (404, "unknown-endpoint")
    assert set(fault(client.get(f"{path}/steps?limit=0&before=x", headers=reader))) == {"limit", "before"}


def test_messages_verify_across_a_rotation_to_another_key(app_with: AppWith, receiver: Receiving, sql: Sql) -> None:
    """A64."""
    first = app_with(webhook_key=(KEY,), **LOOPBACK).test_client()
    made = endpoint_at(first, receiver.url)
    assert first.post(f"/webhooks/endpoints/{made['id']}/test").get_json()["delivered"] is True
    second = app_with(webhook_key=(OTHER_KEY, KEY), **LOOPBACK).test_client()
    assert second.post(f"/webhooks/endpoints/{made['id']}/test").get_json()["delivered"] is True
    rotated = second.post(f"/webhooks/endpoints/{made['id']}/rotate").get_json()
    assert rotated["secret"] != made["secret"]
    assert rotated["secret_version"] == 2
    ends = datetime.fromisoformat(rotated["previous_until"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=55) < ends < timedelta(hours=24, minutes=5)
    second.post(f"/webhooks/endpoints/{made['id']}/test")
    sql("UPDATE endpoint SET previous_until = now() - interval '1 s'")
    second.post(f"/webhooks/endpoints/{made['id']}/test")
    *before, between, after = receiver.received
    for each in before:
        assert Webhook(made["secret"]).verify(each.body, each.headers)["type"] == "endpoint.test"
        with pytest.raises(WebhookVerificationError):
            Webhook(rotated["secret"]).verify(each.body, each.headers)
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(between.body, between.headers)
    Webhook(rotated["secret"]).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(after.body, after.headers)


def test_a_key_that_left_the_setting_is_named(app_with: AppWith, receiver: Receiving) -> None:
    made = endpoint_at(app_with(webhook_key=(KEY,), **LOOPBACK).test_client(), receiver.url)
    client = app_with(webhook_key=(OTHER_KEY,), **LOOPBACK).test_client()
    outcome = client.post(f"/webhooks/endpoints/{made['id']}/test").get_json()
    assert outcome["delivered"] is False
    assert "add that one after the new one" in outcome["error"]
    assert receiver.received == []


def test_a_test_shows_the_answer(app_with: AppWith, receiver: Receiving, sql: Sql) -> None:
    client = app_with(**LOOPBACK).test_client()
    made = endpoint_at(client, receiver.url)
    client.patch(f"/webhooks/endpoints/{made['id']}", json={"state": "paused"})
    receiver.answer = 500, b"x" * 600
    outcome = client.post(f"/webhooks/endpoints/{made['id']}/test", json={}).get_json()
    assert (outcome["delivered"], outcome["status"], outcome["answer"]) == (False, 500, "x" * 500)
    assert outcome["error"].startswith("answered 500")
    assert 0 <= outcome["seconds"] < 4
    receiver.answer = 200, b"ok"
    outcome = client.post(f"/webhooks/endpoints/{made['id']}/test").get_json()
    assert [outcome[name] for name in ("delivered", "status", "answer", "error")] == [True, 200, "ok", ""]
    sent = receiver.received[-1].json()
    assert sent["type"] == "endpoint.test"
    assert sent["data"]["endpoint_id"] == made["id"]
    assert sql("SELECT count(*) FROM delivery") == [(0,)]


def test_only_so_many_requests_wait_for_others_at_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made = created(client)
    monkeypatch.setattr(outside, "_waiting", BoundedSemaphore(1))
    with outside._waiting:  # noqa: SLF001  # as one that waits holds it
        assert problem(client.post(f"/webhooks/endpoints/{made['id']}/test")) == (503, "unavailable")
    assert client.patch(f"/webhooks/endpoints/{made['id']}", json={"url": "https://1.0.0.1"}).status_code == 200
