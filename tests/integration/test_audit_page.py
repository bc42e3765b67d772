"""The audit: of everybody or of a person, and browsers by name."""

import pytest
from apiflask import APIFlask

from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import Sql
from tests.integration.staffing import Tab, tab_of

AUDIT = "/console/audit"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def admin(app: APIFlask) -> Tab:
    return tab_of(app, Role.ADMIN)


def rows(text: str) -> int:
    return text.count('<tr role="row"') - 1


def test_steps_of_a_person_are_those_of_the_account_and_those_by_them(app: APIFlask, admin: Tab, sql: Sql) -> None:
    ben, _ = staffing.join(services_of(app, StaffServices), "ben@example.com", Role.VIEWER, name="Ben")
    admin.post(f"/console/admin/staff/{ben.id}/roles", roles=["analyst"])
    [(ann,)] = sql("SELECT id FROM staff_account WHERE email = 'ann@example.com'")
    everything = "SELECT count(*) FROM staff_audit"
    for query, condition in {
        "": "",
        f"?person={ben.id}": f" WHERE account_id = {ben.id}",
        f"?person={ann}": f" WHERE account_id = {ann} OR starts_with(who, 'staff:{ann} ')",
    }.items():
        [(expected,)] = sql(everything + condition)
        text = admin.get(f"{AUDIT}{query}").text
        assert rows(text) == expected, query
    assert "Roles changed" in admin.get(f"{AUDIT}?person={ann}").text
    assert f'<option value="{ben.id}" selected>Ben</option>' in admin.get(f"{AUDIT}?person={ben.id}").text


@pytest.mark.parametrize("person", ["4711", "x", "-1", "9" * 30])
def test_a_person_who_does_not_exist_is_said(admin: Tab, person: str) -> None:
    response = admin.get(f"{AUDIT}?person={person}")
    assert (response.status_code, "Choose a person from the list." in response.text) == (400, True)


def test_pages_of_a_person_follow_each_other(admin: Tab, sql: Sql) -> None:
    [(ann,)] = sql("SELECT id FROM staff_account")
    sql("INSERT INTO staff_audit (account_id, step, who) SELECT %s, 'confirmed', 'x' FROM generate_series(1, 60)", ann)
    first = admin.get(f"{AUDIT}?person={ann}").text
    assert rows(first) == 50
    assert f'href="?person={ann}&amp;before=' in first


def test_browsers_are_named_and_the_whole_text_is_at_hand(admin: Tab, sql: Sql) -> None:
    [(ann,)] = sql("SELECT id FROM staff_account")
    sql("INSERT INTO staff_audit (account_id, step, who, note) VALUES (%s, 'signed-in', 'x', %s)", ann, FIREFOX)
    for path in (AUDIT, f"/console/admin/staff/{ann}"):
        assert f'<span title="{FIREFOX}">Firefox 128, Linux</span>' in admin.get(path).text
