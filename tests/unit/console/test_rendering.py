"""Pages as text: what user text may become, what a first load costs, what is on every page."""

import gzip
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.console.assets import ASSETS
from app.console.forms import Form
from app.console.rendering import SYMBOLS, Notice, NoticeKind, Person, capped, render
from tests.browser.site import Site, make_app
from tests.markup import EVIL

MAX_FIRST_LOAD = 35_000  # bytes, compressed: a page of 50 rows, style sheet, script


@pytest.fixture
def client() -> FlaskClient:
    return make_app(Site()).test_client()


def test_a_first_load_is_three_requests_and_35_kb(client: FlaskClient) -> None:
    page = client.get("/console/gallery?rows=50").data
    loaded = re.findall(r'<(?:script|img|iframe|use|link rel="stylesheet")[^>]*(?:src|href)="([^"#]+)"', page.decode())
    assert sorted(name.partition("?")[0].rpartition("/")[2] for name in loaded) == ["console.css", "console.js"]
    size = len(gzip.compress(page)) + sum(len(ASSETS[name].compressed) for name in ("console.css", "console.js"))
    assert size <= MAX_FIRST_LOAD


def test_a_page_has_each_symbol_that_it_uses_once_and_no_other(client: FlaskClient) -> None:
    page = client.get("/console/gallery").text
    placed = re.findall(r'<symbol id="i-([a-z0-9-]+)"', page)
    assert sorted(placed) == sorted(set(re.findall(r'<use href="#i-([a-z0-9-]+)"', page)))
    assert len(placed) < len(SYMBOLS)


def test_no_style_or_script_stands_in_a_page(client: FlaskClient) -> None:
    for path in ("/console/gallery", "/console/error/404"):
        assert not re.search(r"<style|\bstyle=|\bon[a-z]+=|<script(?! type=\"module\" src=)", client.get(path).text)


def test_no_id_is_used_twice(client: FlaskClient) -> None:
    ids = re.findall(r'\bid="([^"]+)"', client.get("/console/gallery").text)
    assert sorted(ids) == sorted(set(ids))


def test_text_of_people_stays_text(client: FlaskClient) -> None:
    with client.application.test_request_context():
        page = render(
            "console/error.html.j2",
            code=409,
            what=EVIL + '<use href="#i-search"/><!-- symbols -->',
            person=Person(name=EVIL),
            notices=[Notice(NoticeKind.ERROR, EVIL)],
            form=Form(action="/", csrf="", values=MultiDict({"a": EVIL}), errors={"a": [EVIL]}),
        )
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") == 5
    assert page.count('<symbol id="i-search"') == 1


def test_a_password_is_never_shown_again(client: FlaskClient) -> None:
    page = client.get("/console/gallery").text
    for field in re.findall(r'<input[^>]* type="password"[^>]*>', page):
        assert "value=" not in field


def test_before_sign_in_there_is_nothing_to_search_or_leave(client: FlaskClient) -> None:
    page = client.get("/console/error/404").text
    assert 'role="search"' not in page
    assert "Sign out" not in page
    assert 'data-theme="system"' in page


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503])
def test_an_error_says_what_happened_and_what_to_do(client: FlaskClient, status: int) -> None:
    answer = client.get(f"/console/error/{status}")
    assert answer.status_code == status
    assert "What you can do" in answer.text
    assert f"Error {status}" in answer.text
    assert "4f1c" in answer.text, "the id of the request"


def test_large_counts_are_capped() -> None:
    assert [capped(count) for count in (0, 99, 100)] == ["0", "99", "99+"]
