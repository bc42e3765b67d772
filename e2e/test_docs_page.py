"""The documentation page is complete and loads nothing from another address."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from testkit.service import URL

PAGE = "/docs"
REFERENCES = {"href", "src", "data-document"}
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".png": "image/png"}
OURSELVES = {"'self'", "'none'", "data:"}  # the last is a picture within a style sheet


class References(HTMLParser):
    """Collects the references of a page, and its inline scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in REFERENCES]
        own = [name for name, _ in attrs if name == "style" or name.startswith("on")]
        self.inline += own + ([tag] if tag == "style" or (tag == "script" and "src" not in dict(attrs)) else [])


def references_in(html: str) -> References:
    references = References()
    references.feed(html)
    references.close()
    return references


@pytest.fixture(scope="module", params=[PAGE, f"{PAGE}/"])
def page(client: httpx.Client, request: pytest.FixtureRequest) -> httpx.Response:
    answer = client.get(str(request.param))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


def test_every_file_it_refers_to_exists_and_has_the_right_type(client: httpx.Client, page: httpx.Response) -> None:
    paths = set(references_in(page.text).found)
    assert {path.rpartition("/")[2] for path in paths} >= {"swagger-ui-bundle.js", "swagger-ui.css", "openapi.json"}
    for path in paths:
        assert urlsplit(urljoin(str(page.url), path)).netloc == httpx.URL(URL).netloc.decode(), path
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"].partition(";")[0] == MEDIA_TYPES["." + path.rpartition(".")[2]], path
        assert answer.content, path


def test_the_page_contains_no_absolute_address(client: httpx.Client, page: httpx.Response) -> None:
    """What Swagger UI itself has in its code, the policy below keeps it from asking."""
    references = references_in(page.text)
    ours = [path for path in references.found if "swagger-ui" not in path and path.endswith((".css", ".js"))]
    assert len(ours) == 2
    for text in (page.text, *(client.get(path).text for path in ours)):
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def test_its_style_sheets_embed_their_images(client: httpx.Client, page: httpx.Response) -> None:
    for path in references_in(page.text).found:
        if path.endswith(".css"):
            text = client.get(path).text
            assert "@import" not in text
            assert all(asked.startswith("data:") for asked in asked_for_in(text)), path


def asked_for_in(style_sheet: str) -> Iterator[str]:
    for _, asked in re.findall(r"""url\(\s*(["']?)(.{0,20})""", style_sheet, re.DOTALL):
        yield asked


def test_the_content_security_policy_allows_no_other_host(page: httpx.Response) -> None:
    policy = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert {source for sources in policy.values() for source in sources.split()} <= OURSELVES
    assert {"base-uri", "form-action", "frame-ancestors"} <= policy.keys(), "these do not follow default-src"
    assert references_in(page.text).inline == [], "what the policy would not let run"


def test_its_files_are_cacheable_and_revalidated(client: httpx.Client) -> None:
    path = f"{PAGE}/swagger-ui-bundle.js"
    first = client.get(path)
    assert "max-age" in first.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_browser_at_the_root_is_redirected_to_the_console_or_where_that_is_off_to_the_page(
    client: httpx.Client,
) -> None:
    led = client.get("/", headers={"Accept": "text/html,*/*;q=0.8"}, follow_redirects=True)
    has_console = client.get("/console/login").status_code == 200
    assert (led.status_code, led.url.path) == (200, "/console/login" if has_console else PAGE)
    assert client.get("/").json() == {"docs": PAGE, "openapi": "/openapi.json"}


def test_dark_mode_uses_the_class_that_swagger_ui_knows(client: httpx.Client) -> None:
    assert '"dark-mode", darkness.matches' in client.get(f"{PAGE}/start.js").text
    assert "html.dark-mode .swagger-ui{" in client.get(f"{PAGE}/swagger-ui.css").text


@pytest.mark.parametrize("name", ["index.css", "oauth2-redirect.html", "page.html", "..%2fMakefile", "nothing.js"])
def test_no_other_file_is_served(client: httpx.Client, name: str) -> None:
    assert client.get(f"{PAGE}/{name}").status_code == 404
