"""The page that shows the document, where keys are asked for and behind a proxy; e2e/test_docs_page.py has the rest."""

import pytest

from app.access.domain import Access
from tests.integration.clients import problem
from tests.integration.conftest import AppWith

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PATHS = ["/docs", "/docs/", "/docs/start.js", "/openapi.json", "/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_public_and_its_requests_require_a_key(app_with: AppWith, path: str, method: str) -> None:
    """A20: it is the same wherever this version runs, so there is no secret in it."""
    client = app_with(access=Access.KEYS).test_client()
    answer = client.open(path, method=method)
    assert answer.status_code == 200
    assert "WWW-Authenticate" not in answer.headers
    assert problem(client.post("/event", json={})) == (401, "unauthorized")


def test_it_reveals_no_settings_of_the_service(app_with: AppWith) -> None:
    closed = app_with(access=Access.KEYS, four_eyes=True, rate_limit="9 per minute").test_client()
    open_ = app_with().test_client()
    for path in PATHS:
        assert closed.get(path).data == open_.get(path).data, path


@pytest.mark.parametrize("access", list(Access))
def test_a_browser_at_the_root_is_redirected_to_the_page(app_with: AppWith, access: Access) -> None:
    client = app_with(access=access, console=False).test_client()
    led = client.get("/", headers={"Accept": BROWSER})
    assert (led.status_code, led.headers["Location"], led.headers["Vary"]) == (302, "/docs", "Accept")
    assert client.get("/", headers={"Accept": BROWSER}, follow_redirects=True).mimetype == "text/html"


def test_a_browser_at_the_root_is_redirected_to_the_console_where_that_is_on(app_with: AppWith) -> None:
    client = app_with().test_client()
    assert client.get("/", headers={"Accept": BROWSER}).headers["Location"] == "/console"
    assert "Sign in" in client.get("/", headers={"Accept": BROWSER}, follow_redirects=True).text


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.9"])
def test_other_clients_at_the_root_are_told_where_the_page_is(app_with: AppWith, accept: str | None) -> None:
    answer = app_with().test_client().get("/", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.get_json()) == (200, {"docs": "/docs", "openapi": "/openapi.json"})
    assert answer.headers["Vary"] == "Accept"


def test_it_finds_its_files_under_any_proxy_prefix(app_with: AppWith) -> None:
    page = app_with().test_client().get("/docs", environ_overrides={"SCRIPT_NAME": "/alerts"})
    assert "<title>Activity alerts</title>" in page.text
    assert 'data-document="/alerts/openapi.json"' in page.text
    assert 'src="/alerts/docs/start.js"' in page.text
    client = app_with(console=False).test_client()
    root = client.get("/", headers={"Accept": BROWSER}, environ_overrides={"SCRIPT_NAME": "/alerts"})
    assert root.headers["Location"] == "/alerts/docs"


def test_an_unknown_file_is_not_found(app_with: AppWith) -> None:
    assert problem(app_with().test_client().get("/docs/page.html")) == (404, "not-found")
