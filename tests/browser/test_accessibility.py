"""The console's parts, as axe and people with other eyes and hands meet them."""

from itertools import product
from typing import Literal

import pytest
from playwright.sync_api import Playwright

from tests.browser.axe import violations
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Keep, Open
from tests.browser.site import Site

Scheme = Literal["light", "dark"]
GALLERY = "/console/gallery"
ERRORS = [f"/console/error/{status}" for status in (400, 403, 404, 409, 503)]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

OPEN_ALL = "document.querySelectorAll('details:not(.menu)').forEach(each => { each.open = true })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Words that do not fit into their box.
CUT = """[...document.querySelectorAll('.button, .badge, h1, h2, label:not(.sr)')]
  .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')
  .map(each => each.outerHTML)"""
# Targets below 24 pixels; the label of a box is part of it.
TOO_SMALL = """[...document.querySelectorAll('button, input, select, textarea, summary, nav a, [data-row-link]')]
  .filter(each => each.checkVisibility() && each.type !== 'hidden')
  .map(each => [each, (each.matches('[type=checkbox], [type=radio]') ? each.labels[0] : each).getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([each, box]) => `${each.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""
# What has the focus: its name, whether it can be seen all over, whether something marks it.
FOCUSED = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const points = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2]];
  const above = points.map(([x, y]) => document.elementFromPoint(x, y));
  const isSeen = above.every(at => at && (it.contains(at) || at.contains(it)));
  return [it.outerHTML.slice(0, 90), isSeen, parseFloat(getComputedStyle(it).outlineWidth) >= 2];
}"""


@pytest.mark.parametrize("path", [GALLERY, "/console/alone", *ERRORS])
def test_axe_finds_nothing(open_page: Open, keep: Keep, path: str) -> None:
    page = open_page(path)
    page.evaluate(OPEN_ALL)
    for scheme, width in product(SCHEMES, (1280, 390, 320)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 600})
        assert violations(page) == [], f"{scheme}, {width} px"
        keep(page, f"{scheme}-{width}")


@pytest.mark.parametrize("variant", ["rows=0&density=compact", "rows=2&density=compact&rtl&calm"])
def test_axe_finds_nothing_in_other_states(open_page: Open, variant: str) -> None:
    page = open_page(f"{GALLERY}?{variant}", 390)
    page.evaluate(OPEN_ALL)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_in_what_opens_above_the_page(open_page: Open, keep: Keep, scheme: Scheme) -> None:
    page = open_page("/console/alone", color_scheme=scheme)
    page.get_by_text("Ana Ruiz").first.click()
    page.get_by_role("button", name="Sign out").wait_for()
    assert violations(page) == []
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    assert violations(page) == []
    keep(page)


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_a_chosen_theme_is_used_whatever_the_system_prefers(open_page: Open, chosen: str) -> None:
    page = open_page(f"{GALLERY}?theme={chosen}", color_scheme="dark" if chosen == "light" else "light")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[chosen]


@pytest.mark.parametrize("path", [GALLERY, f"{GALLERY}?rtl", f"{GALLERY}?rows=0", ERRORS[0]])
def test_nothing_is_wider_than_320_pixels(open_page: Open, keep: Keep, path: str) -> None:
    page = open_page(path, 320)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(OVERFLOW) == 0
    keep(page)


@pytest.mark.parametrize("width", [600, 820, 1000, 1280, 1920])
def test_nothing_is_wider_than_other_windows(open_page: Open, keep: Keep, width: int) -> None:
    page = open_page(GALLERY, width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(OVERFLOW) == 0
    keep(page)


def test_text_of_twice_the_size_fits(playwright: Playwright, site: Site, keep: Keep) -> None:
    large = playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*ARGUMENTS, "--blink-settings=defaultFontSize=32"]
    )
    page = large.new_page()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 600})
        page.goto(site.address + GALLERY)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        page.evaluate(OPEN_ALL)
        assert page.evaluate(OVERFLOW) == 0
        assert page.evaluate(CUT) == []
        keep(page, str(width))
    large.close()


@pytest.mark.parametrize("density", ["comfortable", "compact"])
@pytest.mark.parametrize("width", [1280, 320])
def test_targets_have_24_pixels(open_page: Open, density: str, width: int) -> None:
    page = open_page(f"{GALLERY}?density={density}", width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize(
    ("width", "key", "begin", "presses"),
    [(1280, "Tab", ".tabs a", 35), (1280, "Shift+Tab", ".pager a", 30), (390, "Tab", ".tabs li:nth-child(6) a", 15)],
)
def test_what_has_the_focus_is_marked_and_never_covered(
    open_page: Open, width: int, key: str, begin: str, presses: int
) -> None:
    page = open_page(f"{GALLERY}?rows=10", width, 500)
    page.locator("[data-row] input").first.check()  # so that the bar with the steps sticks
    page.locator(begin).first.focus()
    visited = set()
    for _ in range(presses):
        page.keyboard.press(key)
        name, is_seen, is_marked = page.evaluate(FOCUSED)
        assert is_seen, f"covered: {name}"
        assert is_marked, f"not marked: {name}"
        visited.add(name)
    assert len(visited) == presses


def test_the_tab_order_is_that_of_reading(open_page: Open) -> None:
    page = open_page("/console/alone")
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.id"
            )
        )
    words = [" ".join(name.split()) for name in names]
    assert words == [
        "Skip to the content", "Activity alerts", "search", "Search", "Ana Ruiz Europe/Madrid",
        "Cases 99+", "Customers", "Alerts 7", "Rules", "Reports", "Admin", "Go to the start",
    ]  # fmt: skip


def test_the_skip_link_leads_to_the_content(open_page: Open) -> None:
    page = open_page(GALLERY + "?rows=0")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+Tab")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.crumbs') !== null")


def test_forced_colours_keep_what_matters(open_page: Open, keep: Keep) -> None:
    page = open_page(GALLERY, forced_colors="active", color_scheme="dark")
    style = "(of, what) => getComputedStyle(document.querySelector(of))[what]"
    current, other = (
        page.evaluate(f"of => ({style})(of, 'borderBlockEndColor')", of)
        for of in (".tabs [aria-current]", ".tabs a:not([aria-current])")
    )
    assert current != other, "the current tab is still told from the others"
    for each in (".badge", ".button", ".notice", ".panel", "input[type=email]"):
        assert page.evaluate(f"of => ({style})(of, 'borderTopStyle')", each) == "solid", each
    page.locator(".button.primary").first.focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED)[2]
    keep(page)


def test_nothing_moves_for_those_who_asked_for_that(open_page: Open) -> None:
    page = open_page(GALLERY)
    moving = (
        "[...document.querySelectorAll('*')].filter(each => getComputedStyle(each).transitionDuration !== '0s').length"
    )
    assert page.evaluate(moving) == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
