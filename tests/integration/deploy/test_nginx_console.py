"""The console behind the shipped nginx: over TLS, in an instance of its own; A71."""

import json
import re

import httpx
import pytest

from app.staff import controllers, setting_up
from app.staff.domain import Link
from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.probe import fault
from lib.services import services_of
from tests.integration.conftest import AppWith
from tests.integration.deploy.conftest import Instances
from tests.integration.deploy.nginx import Nginx
from tests.integration.deploy.test_nginx_answers import SECURITY
from tests.integration.staffing import PASSWORD, ROOT, Member

LOGIN = "/console/login"
KEY = "k" * 32
FREE = 11  # attempts of an address within a minute: one, and those of `burst`


@pytest.fixture
def made(app_with: AppWith) -> StaffServices:
    return services_of(app_with(console_key=(KEY,)), StaffServices)


def invite(made: StaffServices) -> tuple[Link, Member]:
    link = controllers.invite(made, ROOT, "ann@example.com", [Role.ADMIN])
    return link, Member(link.account.id, "ann@example.com", setting_up.look_up_link(made, link.token).secret)


def start(instances: Instances) -> None:
    instances.start(instances.console, ENV="production", ACCESS="keys", CONSOLE="on", CONSOLE_KEY=KEY)


def own_page(answer: httpx.Response, status: int, title: str) -> None:
    """Check a page that nginx made itself."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert f"<h1>{title}</h1>" in answer.text
    policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    assert {name: answer.headers.get(name) for name in SECURITY} == {**SECURITY, "Content-Security-Policy": policy}
    assert answer.headers["X-Request-ID"] in answer.text


def test_people_sign_in_over_tls(nginx: Nginx, instances: Instances, made: StaffServices) -> None:
    instances.start(instances.ports[0], CONSOLE="off")
    start(instances)
    link, ann = invite(made)
    path = f"/console/welcome/{link.token}"
    with nginx.client() as client:
        assert client.get(path).status_code == 200
        fields = {"name": "Ann", "password": PASSWORD, "code": ann.code()}
        foreign = client.post(path, data=fields, headers={"Origin": "https://evil.example"})
        assert (foreign.status_code, "pages of other sites" in foreign.text.lower()) == (403, True)
        arrived = client.post(path, data=fields, headers={"Origin": nginx.address, "Sec-Fetch-Site": "same-origin"})
        assert arrived.status_code == 200
        given = {name.partition("=")[0]: parts for name, *parts in split_cookies(arrived)}
        assert set(given["__Host-session"]) == {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}
        lasting = set(given["__Host-browser"])  # which signs nobody in (A70)
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=7776000"} < lasting
        shown = client.get("/console/admin")
        assert (shown.status_code, "Ann" in shown.text) == (200, True)
        assert shown.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "trusted-types" in shown.headers["Content-Security-Policy"]
        assert client.get("/health/live").status_code == 200, "all else goes to the instances of events"
    assert fault("127.0.0.1", instances.ports[0], LOGIN).startswith("404 ")


def split_cookies(response: httpx.Response) -> list[list[str]]:
    """Return the parts of each cookie that an answer sets."""
    return [cookie.split("; ") for cookie in response.headers.get_list("Set-Cookie")]


def test_guesses_of_an_address_are_limited_and_pages_are_not(nginx: Nginx, instances: Instances) -> None:
    start(instances)
    with nginx.client() as client:
        # The same to nginx and to the console, whatever is written with percent signs.
        paths = (LOGIN, "/console/%6cogin")
        statuses = [client.post(paths[number % 2], data={"email": "x"}).status_code for number in range(FREE)]
        assert statuses == [403] * FREE
        refused = client.post(LOGIN, data={"email": "x"})
        own_page(refused, 429, "Too many attempts")
        assert refused.headers["Retry-After"] == "1"
        own_page(client.post("/console/welcome/s3cret"), 429, "Too many attempts")
        assert [client.get(LOGIN).status_code for _ in range(FREE)] == [200] * FREE


def test_no_log_has_the_secret_of_a_link(nginx: Nginx, instances: Instances) -> None:
    kinds = ("welcome", "enter")
    with nginx.client() as client:
        for kind in kinds:
            own_page(client.get(f"/console/{kind}/s3cret"), 503, "The console cannot be reached")
        start(instances)
        for kind in kinds:
            assert client.post(f"/console/{kind}/s3cret").status_code in {404, 415}
    logged = (nginx.folder / "access.log").read_text(encoding="utf-8")
    assert [json.loads(line)["path"] for line in logged.splitlines()] == [f"/console/{kind}/-" for kind in kinds] * 2
    assert "s3cret" not in logged + (nginx.folder / "error.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("size", "who"), [(100_000, "the console"), (200_000, "nginx")])
def test_a_form_that_is_too_large_is_a_page(nginx: Nginx, instances: Instances, size: int, who: str) -> None:
    start(instances)
    with nginx.client() as client:
        refused = client.post(LOGIN, data={"email": "x" * size})
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert ("nginx" in refused.headers["Server"]) is (who == "nginx")
    assert re.search(r"<h1>[^<]+</h1>", refused.text)
