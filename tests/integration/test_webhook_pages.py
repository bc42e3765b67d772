"""The pages of webhooks: endpoints, their secrets, and what was delivered to them; A85, A86."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask

from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import AppWith, Sql
from tests.integration.endpoints import LOOPBACK, Receiving, receiving
from tests.integration.staffing import Tab

WEBHOOKS = "/console/admin/webhooks"
KEY = "k" * 32
SECRET = re.compile(r"<code>(whsec_[^<]+)</code>")
EVIL = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1234 * 5678 }}"]
LATER = "UPDATE staff_session SET confirmed_at = now() - interval '10 minutes'"
DELIVERY = (
    "INSERT INTO delivery"
    " (message_id, endpoint_id, topic, user_id, t, n, no, codes, state, attempts, last_status, last_error)"
    " VALUES (%s, %s, 'alert.raised', 7, 10, 0, 0, '{30}', %s, 3, 500, %s) RETURNING id"
)

NewCode = Callable[[], str]


@pytest.fixture
def app(app_with: AppWith) -> APIFlask:
    return app_with(webhook_key=(KEY,), **LOOPBACK)


@pytest.fixture
def ann(app: APIFlask) -> tuple[Tab, NewCode]:
    """An admin's browser, and how to get her next code."""
    member, token = staffing.join(services_of(app, StaffServices), "ann@example.com", Role.ADMIN)
    return Tab(app, token), member.code


@pytest.fixture
def admin(ann: tuple[Tab, NewCode]) -> Tab:
    return ann[0]


@pytest.fixture
def there() -> Iterator[Receiving]:
    with receiving() as place:
        yield place


def make(admin: Tab, url: str, name: str = "cases", **more: object) -> tuple[str, str]:
    """Make an endpoint; return the path of its page, and its secret."""
    response = admin.post(f"{WEBHOOKS}/new", **{"name": name, "url": url, "format": "standard", **more})
    secret, path = SECRET.search(response.text), re.search(rf'href="({WEBHOOKS}/\d+)"', response.text)
    assert secret, response.text
    assert path
    return path[1], secret[1]


def test_an_endpoint_is_made_by_a_person_and_its_secret_shown_once(admin: Tab, there: Receiving, sql: Sql) -> None:
    chosen: dict[str, Any] = {
        "topics": ["alert.raised", "case.opened"],
        "codes": "30, 1100",
        "groups": "vip",
        "per_second": "5",
    }
    path, secret = make(admin, there.url, **chosen)
    [(by, topics, codes, groups, rate)] = sql("SELECT made_by, topics, codes, groups, per_second FROM endpoint")
    assert re.fullmatch(r"staff:\d+ Ann Smith", by)
    assert (topics, codes, groups, rate) == (["alert.raised", "case.opened"], [30, 1100], ["vip"], 5)
    assert sql("SELECT step, who FROM endpoint_event") == [("create", by)]
    for page in (WEBHOOKS, path):
        text = admin.get(page).text
        assert "127.0.0.1" in text
        assert "/alerts" not in text  # which may be a secret
        assert secret not in text
    assert "codes 30, 1100; groups vip" in admin.get(path).text


def test_an_endpoint_is_made_once_however_often_the_form_is_sent(admin: Tab, there: Receiving, sql: Sql) -> None:
    assert make(admin, there.url) == make(admin, there.url)
    make(admin, there.url, name="others")
    assert sql("SELECT count(*) FROM endpoint") == [(2,)]


def test_what_is_wrong_with_an_endpoint_stands_beside_the_field(admin: Tab, sql: Sql) -> None:
    wrong = admin.post(
        f"{WEBHOOKS}/new", name="cases", url="https://10.1.2.3/x", format="standard", codes="x", per_second="0"
    )
    assert wrong.status_code == 400
    for field, said in {"codes": "Enter codes as numbers", "per_second": "Must be from 1 to 100"}.items():
        assert re.search(rf'id="f-{field}-error">.*{said}', wrong.text), field
    assert 'value="https://10.1.2.3/x"' in wrong.text
    inner = admin.post(f"{WEBHOOKS}/new", name="cases", url="https://10.1.2.3/x", format="standard")
    assert re.search('id="f-url-error">.*is a private address', inner.text)
    nothing = admin.post(f"{WEBHOOKS}/new", format="pigeon", topics=["x"], strength="weak")
    for said in ("Enter a name.", "Enter an address.", "Choose one from the list.", "Choose from the list."):
        assert said in nothing.text
    assert sql("SELECT count(*) FROM endpoint") == [(0,)]


def test_secrets_and_other_addresses_need_a_code(ann: tuple[Tab, NewCode], there: Receiving, sql: Sql) -> None:
    admin, code = ann
    path, first = make(admin, there.url)
    sql(LATER)
    fields = {"name": "cases", "codes": "30", "per_second": "10"}
    for asked in (
        admin.post(f"{WEBHOOKS}/new", name="second", url=there.url, format="standard"),
        admin.post(f"{path}/rotate", version=1),
        admin.post(f"{path}/change", **fields, url=there.url + "2"),
        admin.post(f"{path}/delete"),
    ):
        assert asked.status_code == 403
        assert "Enter a code" in asked.text
    assert admin.post(f"{path}/change", **fields).location == path  # to the same address
    assert sql("SELECT url, codes, state, secret_version FROM endpoint") == [(there.url, [30], "enabled", 1)]
    second = SECRET.search(admin.post(f"{path}/rotate", version=1, code=code()).text)
    assert second
    assert second[1] != first


def test_a_secret_is_replaced_once_however_often_the_form_is_sent(admin: Tab, there: Receiving, sql: Sql) -> None:
    """Twice would end the first secret at once, which the receiver still has."""
    path, _ = make(admin, there.url)
    shown = [SECRET.search(admin.post(f"{path}/rotate", version=1).text) for _ in range(2)]
    assert shown[0]
    assert shown[1]
    assert shown[0][1] == shown[1][1]
    assert sql("SELECT secret_version FROM endpoint") == [(2,)]


def test_an_endpoint_is_tested_paused_enabled_changed_and_deleted(admin: Tab, there: Receiving, sql: Sql) -> None:
    path, _ = make(admin, there.url)
    assert admin.post(f"{path}/test").location == path
    assert "the receiver answered 200" in admin.get(path).text
    there.answer = (500, b"<b>out of order</b>")
    admin.post(f"{path}/test")
    text = admin.get(path).text
    assert "answered 500: &lt;b&gt;out of order&lt;/b&gt;" in text
    assert [request.json()["type"] for request in there.received] == ["endpoint.test"] * 2
    for state in ("paused", "enabled"):
        assert admin.post(f"{path}/state", state=state).location == path
        assert sql("SELECT state FROM endpoint") == [(state,)]
    assert admin.post(f"{path}/state", state="deleted").status_code == 404
    assert admin.post(f"{path}/change", name="others", url=there.url + "2", per_second="7").location == path
    assert sql("SELECT name, url, per_second FROM endpoint") == [("others", there.url + "2", 7)]
    assert admin.post(f"{path}/change", name="", url="ftp://x").status_code == 400
    assert admin.post(f"{path}/delete").location == WEBHOOKS
    assert admin.get(path).status_code == 404
    steps = ["create", "pause", "enable", "change", "delete"]
    assert sql("SELECT step FROM endpoint_event ORDER BY id") == [(step,) for step in steps]
    assert len(sql("SELECT DISTINCT who FROM endpoint_event")) == 1


def test_why_a_delivery_failed_is_told_and_it_is_sent_again(admin: Tab, there: Receiving, sql: Sql) -> None:
    path, _ = make(admin, there.url)
    endpoint_id = path.rpartition("/")[2]
    [(dead,)] = sql(DELIVERY, "alert_7_10_0_raised_0", endpoint_id, "dead", "answered 500: out of order")
    sql(DELIVERY, "alert_7_11_0_raised_0", endpoint_id, "delivered", "")
    sql(
        "INSERT INTO delivery_attempt (delivery_id, no, status, error, seconds) VALUES (%s, 1, NULL, 'no route', 0.5)",
        dead,
    )
    text = admin.get(path).text
    for said in ("Answered 500: out of order", "Given up", "no route", "Code 30", "alert_7_11_0_raised_0"):
        assert said in text
    only = admin.get(f"{path}?state=dead").text
    assert "alert_7_10_0_raised_0" in only
    assert "alert_7_11_0_raised_0" not in only
    assert admin.get(f"{path}?state=lost").status_code == 400
    assert admin.post(f"{path}/deliveries/{dead}/retry").location == path
    assert sql("SELECT state FROM delivery WHERE id = %s", dead) == [("due",)]
    assert sql("SELECT step FROM endpoint_event ORDER BY id") == [("create",), ("retry",)]
    assert admin.post(f"{path}/deliveries/4711/retry").status_code == 404
    other, _ = make(admin, there.url, name="other")
    assert admin.post(f"{other}/deliveries/{dead}/retry").status_code == 404  # it is not this one's


def test_what_was_missed_is_sent_again(admin: Tab, there: Receiving, sql: Sql) -> None:
    path, _ = make(admin, there.url)
    sql(DELIVERY, "alert_7_10_0_raised_0", path.rpartition("/")[2], "dead", "x")
    assert admin.post(f"{path}/replay", what="dead").location == path
    assert "1 message is due again." in admin.get(path).text
    assert admin.post(f"{path}/replay", since="2026-11-28T10:00").location == path
    assert "0 messages are due again." in admin.get(path).text
    for since in ("", "yesterday", "0001-01-01T00:00+23:00"):
        wrong = admin.post(f"{path}/replay", since=since)
        assert (wrong.status_code, "Enter a date and a time." in wrong.text) == (400, True)


def test_without_a_key_for_secrets_the_page_says_what_to_do(app_with: AppWith) -> None:
    app = app_with(webhook_key=(), **LOOPBACK)
    _, token = staffing.join(services_of(app, StaffServices), "ann@example.com", Role.ADMIN)
    response = Tab(app, token).post(f"{WEBHOOKS}/new", name="cases", url="http://127.0.0.1/x", format="standard")
    assert (response.status_code, "WEBHOOK_KEY is not set" in response.text) == (409, True)


def test_what_stands_in_endpoints_is_text(admin: Tab, there: Receiving, sql: Sql) -> None:
    for number, evil in enumerate(EVIL):
        path, _ = make(admin, there.url, name=evil)
        sql(DELIVERY, f"alert_7_{number}_0_raised_0", path.rpartition("/")[2], "dead", evil)
        sql("UPDATE endpoint SET state = 'disabled', reason = %s", evil)
        for text in (admin.get(WEBHOOKS).text, admin.get(path).text):
            assert evil not in text or evil.startswith("{{")
            assert "7006652" not in text


def test_a_form_of_webhooks_from_elsewhere_changes_nothing(admin: Tab, there: Receiving, sql: Sql) -> None:
    path, _ = make(admin, there.url)
    for step in ("state", "rotate", "delete", "test"):
        assert admin.post(f"{path}/{step}", state="paused", csrf="0" * 64).status_code == 403
    assert sql("SELECT state, secret_version FROM endpoint") == [("enabled", 1)]
    assert there.received == []
