"""The pages of Admin beside staff: the register, keys of programs, and settings; A85, A86."""

import re
from collections.abc import Callable, Iterable

import pytest
from apiflask import APIFlask

from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import Sql
from tests.integration.staffing import Tab

REGISTER, KEYS, SETTINGS = (f"/console/admin/{name}" for name in ("register", "keys", "settings"))
EVIL = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</textarea><script>", "{{ 1234 * 5678 }}"]
SECRET_KEY = re.compile(r"<code>(aa_[0-9a-f]{12}_[\w-]{43})</code>")
LATER = "UPDATE staff_session SET confirmed_at = now() - interval '10 minutes'"

NewCode = Callable[[], str]


@pytest.fixture
def ann(app: APIFlask) -> tuple[Tab, NewCode]:
    """An admin's browser, and how to get her next code."""
    member, token = staffing.join(services_of(app, StaffServices), "ann@example.com", Role.ADMIN)
    return Tab(app, token), member.code


@pytest.fixture
def admin(ann: tuple[Tab, NewCode]) -> Tab:
    return ann[0]


def add(admin: Tab, name: str = "Ada Sample", email: str = "ada@example.com", **more: object) -> str:
    response = admin.post(f"{REGISTER}/add", name=name, email=email, **more)
    assert response.status_code == 303, response.text
    return str(response.location)


# ---- the register


def test_a_customer_is_found_and_put_into_a_group_under_the_name_of_the_person(admin: Tab, sql: Sql) -> None:
    place = add(admin, user_id="17")
    assert place == f"{REGISTER}/17"
    assert "Customer 17 is registered." in admin.get(place).text
    for search in ("17", "ada@EXAMPLE.com", "sample", "ada@"):
        assert f'href="{place}"' in admin.get(f"{REGISTER}?search={search}").text, search
    fields = {"name": "Ada Sample", "email": "ada@example.com", "groups": "vip, 18-24", "version": 0}
    assert admin.post(f"{place}/change", **fields).location == place
    assert "Groups: <bdi>none</bdi> to <b><bdi>18-24 vip</bdi></b>" in admin.get(place).text
    [(who, at_shell, groups)] = sql("SELECT changed_by, at_shell, new_groups FROM player_change")
    assert (who.startswith("staff:"), who.endswith(" Ann Smith"), at_shell, groups) == (
        True,
        True,
        None,
        ["18-24", "vip"],
    )
    assert f'href="{place}"' in admin.get(f"{REGISTER}?group=vip").text
    assert "Nobody was found" in admin.get(f"{REGISTER}?group=young").text
    assert "Nobody was found" in admin.get(f"{REGISTER}?search=18").text


def test_a_search_takes_its_signs_as_they_are(admin: Tab) -> None:
    add(admin, name="Ada 100% Sample")
    for search, found in (("0% S", True), ("%25", True), ("_da", False), ("\\", False), ("' OR 1=1 --", False)):
        assert ("ada@example.com" in admin.get(f"{REGISTER}?search={search}").text) is found, search


def test_a_search_that_cannot_be_read_is_said_and_finds_nobody(admin: Tab) -> None:
    add(admin)
    for query in ("search=" + "x" * 300, "search=a%00b", "group=VIP", "group=a%20b"):
        response = admin.get(f"{REGISTER}?{query}")
        assert (response.status_code, "ada@example.com" in response.text) == (400, False), query
        assert "There is a problem" in response.text


def test_pages_of_the_register_follow_each_other(admin: Tab, sql: Sql) -> None:
    many = "SELECT n, 'P', n || '@example.com' FROM generate_series(1, 120) AS n"
    sql(f"INSERT INTO registered_user (user_id, name, email) {many}")
    numbers: list[str] = []
    path = f"{REGISTER}?search=example"
    while path:
        text = admin.get(path).text
        numbers += re.findall(rf'href="{REGISTER}/(\d+)"', text)
        found = re.search(r'href="([^"]+)" rel="next"', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert numbers == [str(number) for number in range(1, 121)]


def test_whoever_sees_names_in_the_register_has_looked_at_those_customers(admin: Tab, sql: Sql) -> None:
    """A79; nobody is looked at who stands on another page, or whom a search leaves out."""
    many = "SELECT n, 'P', n || '@example.com' FROM generate_series(1, 120) AS n"
    sql(f"INSERT INTO registered_user (user_id, name, email) {many}")
    looked = "SELECT array_agg(user_id ORDER BY user_id) FROM customer_view"
    admin.get(f"{REGISTER}?search=7@example")
    seven = [number for number in range(1, 121) if number % 10 == 7]
    assert sql(looked) == [(seven,)]
    assert admin.get(f"{REGISTER}/5").status_code == 200
    assert admin.get(f"{REGISTER}/121").status_code == 404
    assert sql(looked) == [([5, *seven],)]


def test_what_is_wrong_with_a_customer_stands_beside_the_field_and_what_was_typed_stays(admin: Tab) -> None:
    wrong = admin.post(f"{REGISTER}/add", name="", email="nobody", user_id="x", groups="VIP")
    assert wrong.status_code == 400
    for field, text in {
        "name": "Enter a name.",
        "email": "Must be an address",
        "user_id": "Must be a whole number",
        "groups": "Must be 1 to 32",
    }.items():
        assert re.search(rf'id="add-{field}-error">.*{text}', wrong.text), field
        assert f'<a href="#add-{field}">' in wrong.text
    assert 'value="nobody"' in wrong.text
    place = add(admin, user_id="17")
    taken = admin.post(f"{REGISTER}/add", name="Eve", email="Ada@example.com", user_id="17")
    assert (taken.status_code, taken.text.count("Belongs to another player.")) == (409, 4)  # twice: the list, the field
    assert admin.post(f"{place}/change", name=" ", email="x").status_code == 400
    assert admin.get(f"{REGISTER}/99").status_code == 404


def test_a_customer_is_registered_once_however_often_the_form_is_sent(admin: Tab, sql: Sql) -> None:
    assert add(admin, groups="vip") == add(admin, groups="vip") == f"{REGISTER}/1"
    assert admin.post(f"{REGISTER}/add", name="Ada Other", email="ada@example.com").status_code == 409
    assert sql("SELECT count(*) FROM registered_user") == [(1,)]


def test_whoever_saves_an_old_form_is_told_what_others_changed_and_loses_nothing(admin: Tab, sql: Sql) -> None:
    place = add(admin)
    mine = {"name": "Ada Mine", "email": "ada@example.com", "groups": "", "version": 0}
    admin.post(f"{place}/change", **{**mine, "name": "Ada Theirs", "groups": "vip"})
    stale = admin.post(f"{place}/change", **mine)
    assert stale.status_code == 409
    assert "Nothing is saved yet" in stale.text
    assert "What was changed in the meantime" in stale.text
    assert 'value="Ada Mine"' in stale.text
    version = re.search(r'name="version" value="(\d+)"', stale.text)
    assert version
    assert admin.post(f"{place}/change", **{**mine, "version": version[1]}).status_code == 303
    assert sql("SELECT name, groups FROM registered_user") == [("Ada Mine", [])]
    assert (
        admin.post(f"{place}/change", **{**mine, "version": version[1]}).status_code == 303
    )  # the same changes nothing
    assert sql("SELECT max(version) FROM player_change") == [(2,)]


LINES = """user_id;name;email;groups
1;Ada;ada@example.com;vip
x;Ben;ben@example.com;
3;Cleo;ADA@example.com;
4;;;young
1;;;vip
5;Eve
"""


def test_many_are_tried_and_then_taken_with_a_result_for_each_line(admin: Tab, sql: Sql) -> None:
    tried = admin.post(f"{REGISTER}/import", text=LINES, step="check").text
    assert "It would be: 1 registered, 0 changed, 1 as they were, 4 refused." in tried
    assert sql("SELECT count(*) FROM registered_user") == [(0,)]
    rows = re.findall(
        r'data-label="Line"><div>(\d)</div>.*?</svg>(\w+)</span>.*?data-label="Why"><div>(.*?)</div>', tried, re.DOTALL
    )
    assert [(line, result) for line, result, _ in rows] == [
        ("2", "Registered"), ("3", "Refused"), ("4", "Refused"), ("5", "Refused"), ("6", "Unchanged"), ("7", "Refused")
    ]  # fmt: skip
    reasons = {line: why for line, _, why in rows}
    assert "user_id" in reasons["3"]
    assert "Belongs to somebody else." in reasons["4"]
    assert "give the name and the email as well" in reasons["5"]
    assert "Has 2 values, but the header names 4" in reasons["7"]
    kept = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', tried, re.DOTALL)
    assert kept
    done = admin.post(f"{REGISTER}/import", text=kept[1], step="import").text
    assert "1 registered, 0 changed, 1 as they were, 4 refused." in done
    assert sql("SELECT user_id, groups FROM registered_user") == [(1, ["vip"])]
    assert "0 registered, 0 changed, 2 as they were" in admin.post(f"{REGISTER}/import", text=LINES, step="import").text
    [(who,)] = sql("SELECT changed_by FROM player_change")
    assert who.startswith("staff:")


UNREADABLE = {
    "": "its first line must name the columns",
    "user_id,name": "no line below the names",
    "name,email\nAda,ada@example.com": "it needs user_id",
    "user_id,shoe\n1,42": "it needs user_id",
    'user_id,name\n1,"Ada': "is no line of a CSV",
    "user_id,groups\n" + "1,vip\n" * 1001: "more than 1,000 lines",
}


def test_lines_that_cannot_be_read_at_all_are_said_and_stay(admin: Tab) -> None:
    for text, said in UNREADABLE.items():
        response = admin.post(f"{REGISTER}/import", text=text, step="import")
        assert response.status_code == 400, text
        assert said in response.text
        assert text.rpartition("\n")[2][:20].replace('"', "&#34;") in response.text


def test_what_stands_in_the_register_is_text(admin: Tab) -> None:
    for number, evil in enumerate(EVIL, 1):
        place = add(admin, name=evil, email=f"{number}@example.com")
        pasted = f'user_id,name,email\n7,"{evil.replace(chr(34), chr(34) * 2)}",x\n'
        pages = [admin.get(path).text for path in (REGISTER, place, f"{REGISTER}?search={evil[1:9]}")]
        pages.append(admin.post(f"{REGISTER}/import", text=pasted, step="check").text)
        pages.append(admin.post(f"{place}/change", name=evil, email="x", groups=evil).text)
        assert_text(evil, pages)


def assert_text(evil: str, pages: Iterable[str]) -> None:
    """What somebody typed is text on all these pages: neither markup nor a template."""
    for text in pages:
        assert evil not in text or evil.startswith("{{")
        assert "7006652" not in text


# ---- keys


def make(admin: Tab, name: str = "payments", **more: object) -> str:
    """Make a key, and return it as the page shows it."""
    response = admin.post(f"{KEYS}/new", **{"name": name, "scopes": ["events:write"], "days": 90, **more})
    found = SECRET_KEY.search(response.text)
    assert found, response.text
    return found[1]


def test_a_key_is_made_shown_once_and_recorded_under_the_name_of_the_person(admin: Tab, sql: Sql) -> None:
    secret = make(admin, owner="Ben Jones")
    [(prefix, owner, by, scopes)] = sql("SELECT prefix, owner, created_by, scopes FROM api_key")
    assert (secret[3:15], owner, scopes) == (prefix, "Ben Jones", ["events:write"])
    assert re.fullmatch(r"staff:\d+ Ann Smith", by)
    [(key_id,)] = sql("SELECT id FROM api_key")
    assert sql("SELECT step, who FROM key_event WHERE key_id = %s", key_id) == [("create", by)]
    for path in (KEYS, f"{KEYS}/{key_id}"):
        text = admin.get(path).text
        assert "payments" in text
        assert secret not in text
        assert secret[16:] not in text
    [(days,)] = sql("SELECT (expires_at - created_at)::text FROM api_key")
    assert days == "90 days"


def test_a_form_that_makes_a_key_makes_one(admin: Tab, sql: Sql) -> None:
    make(admin, form_id="one")
    again = admin.post(f"{KEYS}/new", name="payments", scopes=["events:write"], days=90, form_id="one")
    assert (again.status_code, "This form was sent before" in again.text) == (409, True)
    make(admin, form_id="two")
    assert sql(
        "SELECT (SELECT count(*) FROM api_key), count(*) FROM key_event JOIN api_key ON key_id = api_key.id"
    ) == [(2, 2)]


def test_a_key_that_nobody_can_use_is_said_beside_the_fields(admin: Tab, sql: Sql) -> None:
    wrong = admin.post(f"{KEYS}/new", name="x" * 101, scopes=["everything"], days=7, owner="Ben")
    assert wrong.status_code == 400
    assert "Choose scopes from the list." in wrong.text
    assert "Choose one from the list." in wrong.text
    assert 'value="Ben"' in wrong.text
    assert "Choose at least one scope." in admin.post(f"{KEYS}/new", name="x").text
    assert sql("SELECT count(*) FROM api_key") == [(0,)]


def test_keys_ask_for_a_code_in_the_form_itself_and_keep_what_was_typed(ann: tuple[Tab, NewCode], sql: Sql) -> None:
    admin, code = ann
    sql(LATER)
    assert 'name="code"' in admin.get(KEYS).text
    fields = {"name": "payments", "scopes": ["events:write"], "days": 90}
    for given, said in ({}, "Enter a code"), ({"code": "000000"}, "This code is wrong"):
        asked = admin.post(f"{KEYS}/new", **fields, **given)
        assert asked.status_code == 403
        assert said in asked.text
        assert 'value="payments"' in asked.text
        assert 'value="events:write" checked' in asked.text
        assert "000000" not in asked.text
    assert sql("SELECT count(*) FROM api_key") == [(0,)]
    make(admin, code=code())
    assert 'name="code"' not in admin.get(KEYS).text


def test_keys_are_replaced_owned_and_revoked(ann: tuple[Tab, NewCode], sql: Sql) -> None:
    admin, code = ann
    make(admin)
    [(key_id,)] = sql("SELECT id FROM api_key")
    place = f"{KEYS}/{key_id}"
    assert admin.post(f"{place}/own", owner="Ben").location == place
    refused = admin.post(f"{place}/own", owner="Eve")
    assert (refused.status_code, "belongs to Ben already" in refused.text) == (409, True)
    assert admin.post(f"{place}/own").status_code == 400
    assert admin.post(f"{place}/rotate", hours=2).status_code == 400
    for status in (200, 409):  # a double click makes no third key
        assert admin.post(f"{place}/rotate", hours=24, form_id="one").status_code == status
    assert sql("SELECT count(*), count(*) FILTER (WHERE expires_at < now() + interval '25 hours') FROM api_key") == [
        (2, 1)
    ]
    assert "Replaced by another" in admin.get(place).text
    sql(LATER)
    assert admin.post(f"{place}/revoke").status_code == 403
    assert admin.post(f"{place}/revoke", code=code()).location == place
    assert "Revoked" in admin.get(place).text
    assert admin.post(f"{place}/rotate", hours=24, form_id="two").status_code == 409
    steps = sql("SELECT who = created_by FROM key_event JOIN api_key ON key_id = api_key.id")
    assert steps == [(True,)] * 4
    for path in ("/4711", "/4711/revoke"):
        assert (admin.post if "revoke" in path else admin.get)(f"{KEYS}{path}").status_code == 404


def test_what_stands_in_keys_is_text(admin: Tab, sql: Sql) -> None:
    for evil in EVIL:
        shown = admin.post(f"{KEYS}/new", name=evil, scopes=["events:write"], owner=evil)
        [(key_id,)] = sql("SELECT max(id) FROM api_key")
        assert_text(evil, (shown.text, admin.get(KEYS).text, admin.get(f"{KEYS}/{key_id}").text))


# ---- settings


def test_settings_are_shown_without_secrets(admin: Tab) -> None:
    text = admin.get(SETTINGS).text
    assert re.search(r"<code>DB_DEADLINE</code></div></td>\s*<td[^>]*><div><bdi>[\d.]+</bdi>", text)
    assert re.search(r"<code>DATABASE_URL</code></div></td>\s*<td[^>]*><div><bdi>set</bdi>", text)
    assert "postgresql:" not in text
    assert "<form" not in text.partition("<main")[2]


def test_forms_of_admin_from_elsewhere_change_nothing(admin: Tab, sql: Sql) -> None:
    admin.get(REGISTER)
    for path, fields in {
        f"{REGISTER}/add": {"name": "Eve", "email": "eve@example.com"},
        f"{KEYS}/new": {"name": "Eve", "scopes": "events:write"},
    }.items():
        assert admin.post(path, **fields, csrf="0" * 64).status_code == 403
    assert sql("SELECT (SELECT count(*) FROM api_key), (SELECT count(*) FROM registered_user)") == [(0, 0)]
