"""A browser: Debian's Chromium, driven by Playwright. Without Chromium these tests are skipped.

SCREENSHOTS=FOLDER keeps pictures of what they look at.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.browser.site import Site, serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
FOLDER = os.environ.get("SCREENSHOTS")
EXPECTED = "Failed to load resource"  # what the browser writes of an error page

Open = Callable[..., Page]
Keep = Callable[..., None]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """For one file: while it runs, no other event loop can."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield launched
    launched.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    server.posted.clear()
    server.texts.clear()
    return server


class Windows:
    """One window for each way to open it, used by one test after the other; a new one would cost half a second."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: dict[str, Page] = {}
        self.wrong: list[str] = []

    def page(self, options: dict[str, Any]) -> Page:
        key = repr(sorted(options.items()))
        if key not in self._pages:
            page = self._pages[key] = self._browser.new_context(**options).new_page()
            page.on("console", self._note)
            page.on("pageerror", lambda error: self.wrong.append(str(error)))
        return self._pages[key]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and EXPECTED not in message.text:
            self.wrong.append(message.text)


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def open_page(windows: Windows, site: Site) -> Iterator[Open]:
    """Open a path; nothing may go wrong on the page: no error of a script, nothing that the CSP refuses."""

    def open_path(path: str, width: int = 1280, height: int = 600, **options: Any) -> Page:  # noqa: ANN401  # Playwright's
        page = windows.page({"reduced_motion": "reduce", **options})  # without, each click waits for scrolling
        page.set_viewport_size({"width": width, "height": height})
        page.goto(site.address + path)
        return page

    windows.wrong.clear()
    yield open_path
    assert windows.wrong == []


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Keep:
    """Keep a picture of a page, named after the test, in the folder that SCREENSHOTS names."""

    def save(page: Page, state: str = "") -> None:
        if FOLDER:
            name = re.sub(r"[^a-z0-9]+", "-", f"{request.node.name} {state}").strip("-")
            page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)

    return save
