"""The console's entrance, its pages by role, and its errors; A71, A72."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.access.domain import Access
from app.staff import controllers, setting_up, signing_in
from app.staff.permissions import Permission, Role, permissions_of
from app.staff.services import StaffServices
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import AppWith, Sql
from tests.integration.staffing import PASSWORD, ROOT, Tab, tab_of

LOGIN = "/console/login"
# What each page needs: a permission, "session" for anybody who is signed in, "open" for everybody.
NEEDS = {
    "console.start": "session",
    "console.show_nothing": "session",
    "console.show_login": "open",
    "console.log_in": "open",
    "console.log_out": "session",
    "console.show_confirm": "session",
    "console.confirm": "session",
    "console.show_welcome": "open",
    "console.set_up": "open",
    "console.show_enter": "open",
    "console.enter_by_link": "open",
    "console.show_me": "session",
    "console.set_look": "session",
    "console.change_password": "session",
    "console.renew_codes": "session",
    "console.end_other_sessions": "session",
    "console.show_staff": Permission.STAFF_WRITE,
    "console.invite": Permission.STAFF_WRITE,
    "console.show_account": Permission.STAFF_WRITE,
    "console.set_roles": Permission.STAFF_WRITE,
    "console.take_step": Permission.STAFF_WRITE,
    "console.show_audit": Permission.AUDIT_READ,
    "console.show_register": Permission.USERS_WRITE,
    "console.add_player": Permission.USERS_WRITE,
    "console.show_player": Permission.USERS_WRITE,
    "console.change_player": Permission.USERS_WRITE,
    "console.show_paste": Permission.USERS_WRITE,
    "console.paste": Permission.USERS_WRITE,
    "console.show_keys": Permission.KEYS_WRITE,
    "console.make_key": Permission.KEYS_WRITE,
    "console.show_key": Permission.KEYS_WRITE,
    "console.rotate_key": Permission.KEYS_WRITE,
    "console.revoke_key": Permission.KEYS_WRITE,
    "console.own_key": Permission.KEYS_WRITE,
    "console.show_endpoints": Permission.WEBHOOKS_WRITE,
    "console.show_new_endpoint": Permission.WEBHOOKS_WRITE,
    "console.make_endpoint": Permission.WEBHOOKS_WRITE,
    "console.show_endpoint": Permission.WEBHOOKS_WRITE,
    "console.change_endpoint": Permission.WEBHOOKS_WRITE,
    "console.set_endpoint_state": Permission.WEBHOOKS_WRITE,
    "console.send_test": Permission.WEBHOOKS_WRITE,
    "console.rotate_endpoint": Permission.WEBHOOKS_WRITE,
    "console.replay_endpoint": Permission.WEBHOOKS_WRITE,
    "console.delete_endpoint": Permission.WEBHOOKS_WRITE,
    "console.retry_delivery": Permission.WEBHOOKS_WRITE,
    "console.show_settings": Permission.STAFF_WRITE,
    "console.show_queue": Permission.CASES_READ,
    "console.news": Permission.CASES_READ,
    "console.search": Permission.CASES_READ,
    "console.show_case": Permission.CASES_READ,
    "console.pulse": Permission.CASES_READ,
    "console.save_view": Permission.CASES_READ,
    "console.delete_view": Permission.CASES_READ,
    "console.claim_next": Permission.CASES_WORK,
    "console.take_steps": Permission.CASES_WORK,
    "console.show_new_case": Permission.CASES_WORK,
    "console.open_case": Permission.CASES_WORK,
    "console.take_case_step": Permission.CASES_WORK,
    "console.keep_draft": Permission.CASES_WORK,
    "console.show_waiting": Permission.CASES_READ,
    "console.show_interaction": Permission.CASES_READ,
    "console.correct_interaction": Permission.INTERACTIONS_WRITE,
    "console.show_action": Permission.CASES_READ,
    "console.take_action_step": Permission.INTERACTIONS_WRITE,
    "console.show_evaluation": Permission.CASES_READ,
    "console.decide_evaluation": Permission.INTERACTIONS_WRITE,
    "console.show_customer": Permission.CUSTOMERS_READ,
    "console.show_file": Permission.CUSTOMERS_READ,
    "console.export_customer": Permission.EXPORTS_MAKE,
    "console.show_alerts": Permission.CASES_READ,
    "console.show_alert": Permission.CUSTOMERS_READ,
    "console.show_views": Permission.AUDIT_READ,
    "console.show_exports": Permission.AUDIT_READ,
    "console.show_rules": Permission.RULES_READ,
    "console.show_templates": Permission.RULES_READ,
    "console.show_edition": Permission.RULES_READ,
    "console.show_differences": Permission.RULES_READ,
    "console.shadow_edition": Permission.RULES_WRITE,
    "console.retire_edition": Permission.RULES_WRITE,
    "console.delete_edition": Permission.RULES_WRITE,
    "console.show_new_draft": Permission.RULES_WRITE,
    "console.save_draft": Permission.RULES_WRITE,
    "console.show_new_toml": Permission.RULES_WRITE,
    "console.save_toml": Permission.RULES_WRITE,
    "console.show_publication": Permission.RULES_PUBLISH,
    "console.publish_edition": Permission.RULES_PUBLISH,
    "console.go_back": Permission.RULES_PUBLISH,
    "console.ask_for_backtest": Permission.RULES_WRITE,
    "console.cancel_backtest": Permission.RULES_WRITE,
    "console.show_backtest": Permission.REPORTS_READ,
    "console.show_progress": Permission.REPORTS_READ,
    "console.compare_with_live": Permission.REPORTS_READ,
}
# Fields with which a step is complete, so that only the permission can refuse it.
FIELDS: dict[str, dict[str, Any]] = {
    "console.invite": {"email": "new@example.com", "roles": ["viewer"]},
    "console.set_roles": {"roles": ["viewer", "analyst"]},
    "console.take_step": {"step": "link"},
    "console.add_player": {"name": "Ada", "email": "ada@example.com"},
    "console.change_player": {"name": "Ada", "email": "ada@example.com"},
    "console.paste": {"text": "user_id,name,email\n9,Eve,eve@example.com"},
    "console.make_key": {"name": "payments", "scopes": ["events:write"]},
    "console.rotate_key": {"hours": 24},
    "console.own_key": {"owner": "Ann"},
    "console.make_endpoint": {"name": "cases", "url": "https://10.1.2.3/", "format": "standard"},
    "console.change_endpoint": {"name": "cases"},
    "console.set_endpoint_state": {"state": "paused"},
    "console.replay_endpoint": {"what": "dead"},
    "console.take_steps": {"step": "take", "case": [1]},
    "console.open_case": {"user_id": 1, "indicator": "a", "reason": "A call."},
    "console.save_view": {"name": "Mine"},
    "console.correct_interaction": {"channel": "phone", "said": "Hello.", "correction_reason": "Wrong."},
    "console.take_action_step": {"step": "executed"},
    "console.decide_evaluation": {"verdict": "improved", "reason": "Less."},
}
MADE_UP = {"token": "something", "rest": "something", "step": "take"}  # what stands for words in paths


@pytest.fixture
def made(app: APIFlask) -> StaffServices:
    return services_of(app, StaffServices)


@pytest.fixture
def admin(app: APIFlask) -> Tab:
    return tab_of(app, Role.ADMIN)


def pages(app: APIFlask) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and path of each page."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            path = re.sub(r"<int:\w+>", "1", re.sub(r"<(?:path:)?(\w+)>", lambda found: MADE_UP[found[1]], rule.rule))
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule.endpoint, method, path


def test_every_page_says_what_it_needs(app: APIFlask) -> None:
    assert {endpoint for endpoint, _, _ in pages(app)} == NEEDS.keys()


def test_without_a_session_every_page_leads_to_signing_in(app: APIFlask, client: FlaskClient) -> None:
    for endpoint, method, path in pages(app):
        response = client.open(path, method=method, data={"x": ""} if method == "POST" else None)
        if NEEDS[endpoint] == "open":
            assert response.status_code in {200, 303, 400, 403, 404}, path
        else:
            assert response.status_code == 303, path
            wanted = f"?next={path}" if method == "GET" and path not in {"/console", "/console/"} else ""
            assert response.location in {LOGIN + wanted, f"{LOGIN}?next={path}"}, path


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_pages_and_no_others(app: APIFlask, made: StaffServices, sql: Sql, role: Role) -> None:
    other, _ = staffing.join(made, "other@example.com", Role.ADMIN)
    own = tab_of(app, role)
    for endpoint, method, path in pages(app):
        needed = NEEDS[endpoint]
        if endpoint in {"console.log_out", "console.show_nothing"} or needed == "open":
            continue
        path = path.replace("/staff/1", f"/staff/{other.id}")  # noqa: PLW2901
        response = own.get(path) if method == "GET" else own.post(path, **FIELDS.get(endpoint, {}))
        forbidden = isinstance(needed, Permission) and needed not in permissions_of([role])
        assert (response.status_code == 403) == (forbidden or endpoint == "console.confirm"), (endpoint, response.text)
        if isinstance(needed, Permission) and forbidden:
            assert f"This needs the permission {needed.value}" in response.text
    assert sql("SELECT count(*) FROM staff_account") == [(3 if role is Role.ADMIN else 2,)]


def test_pages_are_not_scripts_of_others(admin: Tab) -> None:
    response = admin.get("/console/admin")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?! type=\"module\" src=\"/console/static/)|\son\w+=|style=", response.text)


@pytest.mark.parametrize(
    ("env", "name", "secure"), [("development", "session", False), ("production", "__Host-session", True)]
)
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    app_with: AppWith, env: str, name: str, *, secure: bool
) -> None:
    app = app_with(env=env)
    ann, _ = staffing.join(services_of(app, StaffServices), "ann@example.com", Role.VIEWER)
    client = app.test_client()
    fields = {"email": ann.email, "password": ann.password, "code": ann.code()}
    response = client.post(LOGIN, data=fields, base_url="https://localhost")
    assert response.status_code == 303
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=")
    parts = set(cookie.split("; ")[1:])
    assert parts == {"HttpOnly", "Path=/", "SameSite=Lax", *(["Secure"] if secure else [])}


def test_a_session_that_somebody_else_has_set_is_not_adopted(app: APIFlask, made: StaffServices) -> None:
    ann, _ = staffing.join(made, "ann@example.com", Role.VIEWER)
    client = app.test_client()
    client.set_cookie("session", "chosen-by-somebody-else")
    client.post(LOGIN, data={"email": ann.email, "password": ann.password, "code": ann.code()})
    cookie = client.get_cookie("session")
    assert cookie
    assert cookie.value != "chosen-by-somebody-else"
    assert client.get("/console/me").status_code == 200


@pytest.mark.parametrize("csrf", ["", "0" * 64, "\u00e9", "of another session"])
def test_a_form_of_another_session_changes_nothing(app: APIFlask, admin: Tab, sql: Sql, csrf: str) -> None:
    if csrf == "of another session":
        other = tab_of(app, Role.ADMIN, email="bob@example.com")
        other.get("/console/me")
        csrf = other.csrf
    before = sql("SELECT count(*) FROM staff_account")
    response = admin.post("/console/admin/invite", email="eve@example.com", roles=["admin"], csrf=csrf)
    assert response.status_code == 403
    assert "This form was opened in a session that has ended" in response.text
    assert sql("SELECT count(*) FROM staff_account") == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_step_from_another_site_is_refused_before_anything_else(
    admin: Tab, sql: Sql, headers: dict[str, str]
) -> None:
    admin.get("/console/admin")
    for path in ("/console/admin/invite", LOGIN):
        data = {"csrf": admin.csrf, "email": "eve@example.com", "roles": "admin", "password": "x", "code": "x"}
        response = admin.client.post(path, data=data, headers=headers)
        assert (response.status_code, response.mimetype) == (403, "text/html")
        assert "pages of other sites may not change anything here" in response.text.lower()
    assert sql("SELECT count(*) FROM staff_account") == [(1,)]
    assert sql("SELECT count(*) FROM staff_attempt") == [(0,)]


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/console/me", "/console/me"),
        ("/console?x=1", "/console?x=1"),
        ("https://evil.example/", "/console"),
        ("//evil.example", "/console"),
        ("/consoleevil", "/console"),
        ("/console/\\evil", "/console"),
        ("/console/\r\nSet-Cookie: a=b", "/console"),
        ("", "/console"),
    ],
)
def test_signing_in_leads_back_to_pages_of_the_console_only(
    app: APIFlask, made: StaffServices, wanted: str, led_to: str
) -> None:
    ann, _ = staffing.join(made, "ann@example.com", Role.VIEWER)
    fields = {"email": ann.email, "password": ann.password, "code": ann.code(), "next": wanted}
    assert app.test_client().post(LOGIN, data=fields).location == led_to


def test_unknown_and_wrong_are_answered_alike(made: StaffServices, client: FlaskClient) -> None:
    ann, _ = staffing.join(made, "ann@example.com", Role.VIEWER)
    answers = [
        client.post(LOGIN, data={"email": email, "password": "wrong", "code": "000000"})
        for email in (ann.email, "eve@example.com")
    ]
    texts = {re.sub(r'value="[^"]*"|nonce-\w+|<code>\w+</code>', "", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {403}
    assert len(texts) == 1
    for _ in range(3):
        client.post(LOGIN, data={"email": "eve@example.com", "password": "wrong", "code": "000000"})
    delayed = client.post(LOGIN, data={"email": "eve@example.com", "password": "wrong", "code": "000000"})
    assert delayed.status_code == 403
    delayed = client.post(LOGIN, data={"email": "eve@example.com", "password": "wrong", "code": "000000"})
    assert (delayed.status_code, delayed.headers["Retry-After"]) == (429, "1")
    assert "Too many attempts: try again in 1 s." in delayed.text


def test_while_nobody_has_an_account_the_page_names_the_command(client: FlaskClient, made: StaffServices) -> None:
    assert "staff invite you@example.com --role admin" in client.get(LOGIN).text
    staffing.join(made, "ann@example.com", Role.ADMIN)
    assert "staff invite" not in client.get(LOGIN).text


def test_an_invitation_is_accepted_in_the_browser(client: FlaskClient, made: StaffServices) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    path = f"/console/welcome/{link.token}"
    shown = client.get(path)
    secret = setting_up.look_up_link(made, link.token).secret
    assert " ".join(secret[place : place + 4] for place in range(0, 32, 4)) in shown.text
    wrong = client.post(path, data={"name": "Bob", "password": "Kurz!", "code": "000000"})
    assert wrong.status_code == 400
    assert "12 to 200 characters" in wrong.text
    assert "This code is wrong" in wrong.text
    assert 'value="Bob"' in wrong.text
    assert "Kurz!" not in wrong.text
    member = staffing.Member(id=link.account.id, email="bob@example.com", secret=secret)
    right = client.post(path, data={"name": "Bob", "password": PASSWORD, "code": member.code()})
    assert right.status_code == 200
    assert len(re.findall(r"<code>[2-9a-z-]{29}</code>", right.text)) == 10
    assert client.get("/console/me").status_code == 200
    assert client.get(path).status_code == 404


def test_a_program_that_looks_at_a_link_does_not_use_it_up(client: FlaskClient, made: StaffServices) -> None:
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER], "Bob")
    there = controllers.sign_in_link(made, ROOT, link.account.id)
    path = f"/console/enter/{there.token}"
    assert [client.get(path).status_code for _ in range(2)] == [200, 200]
    assert client.post(path, data={"csrf": ""}).status_code == 303
    assert client.get("/console/me").status_code == 200


def test_signing_in_again_ends_the_session_that_the_browser_had(app: APIFlask, made: StaffServices) -> None:
    ann, token = staffing.join(made, "ann@example.com", Role.VIEWER)
    browser, copied = Tab(app, token), Tab(app, token)
    fields = {"email": ann.email, "password": "wrong", "code": ann.code()}
    assert browser.client.post(LOGIN, data=fields).status_code == 403
    assert copied.client.get("/console/me").status_code == 200
    fields |= {"password": PASSWORD, "code": ann.code()}
    assert browser.client.post(LOGIN, data=fields).status_code == 303
    assert browser.client.get("/console/me").status_code == 200
    assert copied.client.get("/console/me").status_code == 303


def test_signing_out_ends_the_session(app: APIFlask, admin: Tab) -> None:
    cookie = admin.client.get_cookie("session")
    assert cookie
    assert admin.post("/console/logout").location == LOGIN
    assert admin.client.get_cookie("session") is None
    assert "You are signed out." in admin.client.get(LOGIN).text
    assert Tab(app, cookie.value).client.get("/console/me").status_code == 303


def test_a_notice_is_shown_once(admin: Tab) -> None:
    admin.post("/console/me/look", zone="Europe/London", theme="dark", density="compact")
    assert "Your settings are saved." in admin.get("/console/me").text
    assert "Your settings are saved." not in admin.get("/console/me").text


def notice_of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "e30=", "bnVsbA==", "eyJraW5kIjogIm9rIiwgInRleHQiOiAxfQ=="),
        notice_of('{"kind": "ok", "text": "\\ud800", "href": "", "label": ""}'),
        notice_of("[" * 2000),
    ],
)
def test_a_notice_that_cannot_be_read_is_none(admin: Tab, value: str) -> None:
    admin.client.set_cookie("notice", value)
    assert admin.get("/console/me").status_code == 200


def test_preferences_change_the_pages(admin: Tab) -> None:
    admin.post("/console/me/look", zone="Europe/London", theme="dark", density="compact")
    text = admin.get("/console/me").text
    assert 'data-theme="dark" data-density="compact" data-single-keys="off"' in text
    assert "Times are in Europe/London; point at one for UTC." in text


def test_what_is_wrong_with_a_form_stands_beside_the_field_and_what_was_typed_stays(admin: Tab) -> None:
    wrong = admin.post("/console/me/look", zone="Mars/Olympus", theme="dark", density="compact")
    assert wrong.status_code == 400
    assert "Choose a zone from the list" in wrong.text
    assert '<option value="dark" selected>' in wrong.text
    refused = admin.post("/console/admin/invite", email="no address", roles=["viewer"])
    assert refused.status_code == 400
    assert "Enter an email address such as ann@example.com." in refused.text
    assert 'value="no address"' in refused.text
    assert "Choose at least one role." in admin.post("/console/admin/invite", email="b@example.com").text
    assert "has an account already" in admin.post("/console/admin/invite", email="ann@example.com", roles="viewer").text
    assert admin.post("/console/admin/invite", email="b@example.com", roles="king").status_code == 400


def test_a_step_that_needs_a_code_again_asks_for_it_and_leads_back(
    app: APIFlask, made: StaffServices, sql: Sql
) -> None:
    ann, token = staffing.join(made, "ann@example.com", Role.ADMIN)
    admin = Tab(app, token)
    sql("UPDATE staff_session SET confirmed_at = now() - interval '10 minutes'")
    assert "Confirm that it is you" in admin.get("/console/admin").text
    response = admin.post("/console/admin/invite", email="bob@example.com", roles=["viewer"])
    assert response.location == "/console/confirm?next=/console/admin"
    wrong = admin.post("/console/confirm", code="000000", next="/console/admin")
    assert "This code is wrong or was used before" in wrong.text
    assert admin.post("/console/confirm", code=ann.code(), next="/console/admin").location == "/console/admin"
    assert admin.post("/console/admin/invite", email="bob@example.com", roles=["viewer"]).status_code == 200


def test_an_admin_changes_roles_shuts_out_and_lets_in_again(
    app: APIFlask, made: StaffServices, admin: Tab, sql: Sql
) -> None:
    bob, token = staffing.join(made, "bob@example.com", Role.ANALYST, name="Bob")
    path, his = f"/console/admin/staff/{bob.id}", Tab(app, token)
    assert admin.post(f"{path}/roles", roles=["lead", "auditor"]).status_code == 303
    assert sql("SELECT roles FROM staff_account WHERE id = %s", bob.id) == [(["lead", "auditor"],)]
    assert admin.post(f"{path}/roles").status_code == 400
    assert admin.post(f"{path}/step", step="disable").status_code == 303
    assert his.client.get("/console/me").status_code == 303
    assert "Enable account" in admin.get(path).text
    assert admin.post(f"{path}/step", step="enable").status_code == 303
    assert "/console/welcome/" in admin.post(f"{path}/step", step="link").text
    assert admin.post(f"{path}/step", step="nonsense").status_code == 404
    assert admin.get("/console/admin/staff/4711").status_code == 404


def test_the_last_admin_is_told_why_a_step_is_refused(made: StaffServices, app: APIFlask) -> None:
    ann, token = staffing.join(made, "ann@example.com", Role.ADMIN)
    refused = Tab(app, token).post(f"/console/admin/staff/{ann.id}/step", step="disable")
    assert refused.status_code == 409
    assert "This is the last active admin: give somebody else the role first." in refused.text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1234 * 5678 }}", "' OR 1=1 --"]
)
def test_what_people_type_is_text_everywhere(app: APIFlask, name: str) -> None:
    admin = tab_of(app, Role.ADMIN, name=name)
    for path in ("/console/me", "/console/admin", "/console/audit"):
        text = admin.get(path).text
        assert name not in text or name.startswith("{{"), path
        assert "7006652" not in text, path


def change_password(own: Tab, present: str, new: str) -> TestResponse:
    return own.post("/console/me/password", present_password=present, new_password=new)


def test_a_stolen_cookie_finds_no_password(app: APIFlask) -> None:
    own = tab_of(app, Role.VIEWER)
    for _ in range(5):
        assert "not your current password" in change_password(own, "wrong", "another long password").text
    delayed = change_password(own, PASSWORD, "another long password")
    assert (delayed.status_code, "Too many attempts: try again in 1 s." in delayed.text) == (400, True)


def test_own_account_password_codes_and_sessions(app: APIFlask, made: StaffServices) -> None:
    ann, token = staffing.join(made, "ann@example.com", Role.VIEWER)
    own, other = (
        Tab(app, token),
        Tab(app, signing_in.sign_in(made, ann.email, PASSWORD, ann.code(), staffing.HERE).token),
    )
    assert "Sign out everywhere else" in own.get("/console/me").text
    wrong = change_password(own, "wrong", "another long password")
    assert (wrong.status_code, "This is not your current password." in wrong.text) == (400, True)
    short = change_password(own, PASSWORD, "short")
    assert "Use 12 to 200 characters" in short.text
    assert change_password(own, PASSWORD, "another long password").status_code == 303
    assert other.client.get("/console/me").status_code == 303
    codes = re.findall(r"<code>([2-9a-z-]{29})</code>", own.post("/console/me/codes").text)
    assert len(codes) == 10
    assert own.post("/console/me/sessions").status_code == 303


@pytest.mark.parametrize("kind", ["welcome", "enter"])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_secret_of_a_link_is_not_logged(
    client: FlaskClient, kind: str, content_type: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither by the console nor by the guard before it."""
    origin = {} if content_type.endswith("json") else {"Origin": "https://evil.example"}
    client.post(f"/console/{kind}/s3cret", data="{}", content_type=content_type, headers=origin)
    logged = capfd.readouterr().err
    assert f'"path": "/console/{kind}/-"' in logged
    assert "s3cret" not in logged


def test_a_step_beyond_one_s_permissions_is_logged(app: APIFlask, capfd: pytest.CaptureFixture[str]) -> None:
    tab_of(app, Role.VIEWER).get("/console/audit")
    [line] = [line for line in capfd.readouterr().err.splitlines() if "step refused" in line]
    assert '"permission": "audit:read", "path": "/console/audit", "who": "staff:' in line


def test_an_unknown_path_is_a_page(admin: Tab, client: FlaskClient) -> None:
    missing = admin.get("/console/nothing/here")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert "Page not found" in missing.text
    assert client.get("/nothing").mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"email=%ff", "application/x-www-form-urlencoded", 400),
        (b"email=\xff", "application/x-www-form-urlencoded", 400),
        (b"email=%00", "application/x-www-form-urlencoded", 400),
        (b"a&" * 1001, "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_form_that_cannot_be_read_is_a_page(client: FlaskClient, body: bytes, content_type: str, status: int) -> None:
    response = client.post(LOGIN, data=body, content_type=content_type)
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert "This request cannot be read" in response.text


def test_without_the_database_the_page_says_what_to_do(app_with: AppWith) -> None:
    response = app_with(database_url="postgresql://127.0.0.1:1/x").test_client().get(LOGIN)
    assert (response.status_code, response.mimetype) == (503, "text/html")
    assert "Wait a minute" in response.text


def test_keys_of_machines_are_not_needed_and_open_nothing(app_with: AppWith) -> None:
    app = app_with(access=Access.KEYS)
    assert app.test_client().get(LOGIN).status_code == 200
    assert app.test_client().get("/console/admin", headers={"Authorization": "Bearer aa_x_y"}).status_code == 303


def test_where_the_console_is_off_there_is_none(app_with: AppWith) -> None:
    response = app_with(console=False).test_client().get(LOGIN)
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_assets_are_kept_by_their_content(client: FlaskClient) -> None:
    text = client.get(LOGIN).text
    for path in re.findall(r'(?:href|src)="(/console/static/[^"]+)"', text):
        response = client.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
