"""A stranger behind the same proxy cannot make the owner of an account wait in a browser that is known; A70."""

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.staff.permissions import Role
from app.staff.services import StaffServices
from app.staff.signing_in import subject_of
from lib.services import services_of
from tests.integration import staffing
from tests.integration.conftest import Sql
from tests.integration.staffing import Member

LOGIN = "/console/login"
PROXY = {"X-Forwarded-For": "192.0.2.7"}


@pytest.fixture
def ann(app: APIFlask) -> Member:
    return staffing.join(services_of(app, StaffServices), "ann@example.com", Role.ADMIN)[0]


def sign_in(client: FlaskClient, ann: Member, password: str = "") -> int:
    fields = {"email": ann.email, "password": password or ann.password, "code": ann.code()}
    return client.post(LOGIN, data=fields, headers=PROXY).status_code


def besiege(sql: Sql, email: str) -> None:
    """Let strangers have tried very often, and just now."""
    sql("INSERT INTO staff_attempt (subject, failures) VALUES (%s, 1000)", subject_of(f"email {email}"))


def test_who_has_signed_in_before_in_a_browser_waits_for_no_stranger(app: APIFlask, ann: Member, sql: Sql) -> None:
    known, other = app.test_client(), app.test_client()
    assert sign_in(known, ann) == 303
    besiege(sql, ann.email)
    assert sign_in(other, ann) == 429
    assert sign_in(known, ann) == 303


def test_signing_out_does_not_make_a_browser_unknown(app: APIFlask, ann: Member, sql: Sql) -> None:
    client = app.test_client()
    sign_in(client, ann)
    client.delete_cookie("session")
    besiege(sql, ann.email)
    assert sign_in(client, ann) == 303


def test_guessing_in_a_known_browser_waits_as_elsewhere(app: APIFlask, ann: Member) -> None:
    client = app.test_client()
    assert sign_in(client, ann) == 303
    assert [sign_in(client, ann, "wrong") for _ in range(6)] == [403, 403, 403, 403, 403, 429]


def test_a_browser_is_known_for_one_account(app: APIFlask, ann: Member, sql: Sql) -> None:
    ben, _ = staffing.join(services_of(app, StaffServices), "ben@example.com", Role.VIEWER, name="Ben")
    client = app.test_client()
    sign_in(client, ann)
    besiege(sql, ben.email)
    assert sign_in(client, ben) == 429


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: APIFlask, ann: Member) -> None:
    fields = {"email": ann.email, "password": ann.password, "code": ann.code()}
    cookies = app.test_client().post(LOGIN, data=fields).headers.getlist("Set-Cookie")
    [cookie] = [each for each in cookies if each.startswith("browser=")]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=7776000"} <= {*cookie.split("; ")}
    assert ann.email not in cookie
