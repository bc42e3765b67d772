"""The page that shows the document, where keys are asked for and behind a proxy; e2e/test_docs_page.py has the rest."""

import pytest

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from tests.integration.clients import problem
from tests.integration.conftest import AppWith

PATHS = ["/docs", "/docs/", "/docs/start.js", "/docs/nothing.js", "/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_it_asks_for_a_key_as_every_path_does(app_with: AppWith, path: str) -> None:
    assert problem(app_with(access=Access.KEYS).test_client().get(path)) == (401, "unauthorized")


@pytest.mark.parametrize("path", [path for path in PATHS if "nothing" not in path])
def test_a_key_of_any_scope_opens_it(app_with: AppWith, path: str) -> None:
    app = app_with(access=Access.KEYS)
    key = create_key(app.extensions["database"], "a reader", [Scope.METRICS_READ], None)
    assert app.test_client().get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_it_finds_its_parts_wherever_a_proxy_puts_the_service(app_with: AppWith) -> None:
    page = app_with().test_client().get("/docs", environ_overrides={"SCRIPT_NAME": "/alerts"})
    assert "<title>Activity alerts</title>" in page.text
    assert 'data-document="/alerts/openapi.json"' in page.text
    assert 'src="/alerts/docs/start.js"' in page.text


def test_a_file_that_is_no_part_of_it_is_not_found(app_with: AppWith) -> None:
    assert problem(app_with().test_client().get("/docs/page.html")) == (404, "not-found")
