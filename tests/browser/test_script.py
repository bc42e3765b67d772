"""What the console's script adds to pages, and that each page works without it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Windows
from tests.browser.site import Site

GALLERY = "/console/gallery"
TYPE_AND_SEND = """area => {
  area.value = 'She asked for a limit.';
  area.dispatchEvent(new Event('input', { bubbles: true }));
  area.form.requestSubmit();
}"""


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.id"))


def press(page: Page, key: str, code: str) -> None:
    """Press a key as a keyboard does whose layout puts this character on that key."""
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "code": code, "text": key})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "code": code})
    session.detach()


# ---- keys


def test_keys_focus_fields_and_follow_links(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.keyboard.press("/")
    assert focused(page) == "search"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    assert focused(page) == "note-note"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url(re.compile("of=Rules"))


def test_keys_open_what_is_closed(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Close it")).to_be_visible()


@pytest.mark.parametrize("keys", ["Control+/", "Alt+n", "Meta+n", "q", "g x r"])
def test_other_keys_do_nothing(open_page: Open, keys: str) -> None:
    page = open_page(GALLERY)
    before = focused(page), page.url
    for key in keys.split():
        page.keyboard.press(key)
    assert (focused(page), page.url) == before


@pytest.mark.parametrize("field", ["#search", "#note-note", "#fresh-zone"])
def test_keys_do_nothing_in_fields(open_page: Open, field: str) -> None:
    page = open_page(GALLERY)
    page.locator(field).focus()
    for key in "?grn/e":
        page.keyboard.press(key)
    assert page.url.endswith(GALLERY)
    assert focused(page) == field[1:]
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_single_keys_can_be_switched_off(open_page: Open) -> None:
    page = open_page(f"{GALLERY}?off")
    before = focused(page)
    for key in "/?nj":
        page.keyboard.press(key)
    assert focused(page) == before
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_contain_text("switched off in your settings")


@pytest.mark.parametrize(
    ("key", "code", "reached"),
    [("/", "Digit7", "search"), ("n", "KeyL", "note-note"), ("т", "KeyN", "note-note"), ("נ", "KeyN", "note-note")],
    ids=["German: / above 7", "Dvorak: n on another key", "Russian", "Hebrew"],
)
def test_keys_follow_the_layout_and_other_scripts_the_place(open_page: Open, key: str, code: str, reached: str) -> None:
    page = open_page(GALLERY)
    press(page, key, code)
    assert focused(page) == reached


def test_a_letter_that_only_lies_on_the_key_of_another_is_not_taken_for_it(open_page: Open) -> None:
    page = open_page(GALLERY)
    before = focused(page)
    press(page, "b", "KeyN")
    assert focused(page) == before


def test_j_and_k_walk_the_rows_and_x_and_enter_act_on_them(open_page: Open) -> None:
    page = open_page(GALLERY)
    walked = []
    for key in "jjjkx":
        page.keyboard.press(key)
        walked.append(focused(page))
    assert walked == [f"/console/cases/{number}" for number in (1, 2, 3, 2, 2)]
    assert page.locator("[data-row] :checked").evaluate_all("boxes => boxes.map(box => box.value)") == ["2"]
    page.locator("[data-row] input").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/cases/3")


def test_the_row_that_one_comes_back_to_has_the_focus(open_page: Open) -> None:
    page = open_page(f"{GALLERY}?calm&rows=8#row-5")
    expect(page.get_by_role("link", name="5", exact=True)).to_be_focused()
    page.keyboard.press("j")
    assert focused(page) == "/console/cases/6"


def test_help_lists_the_keys_of_the_page_and_closes(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    for keys, label in {"/": "Search", "gq": "Cases", "a": "Take selected", "jk": "Next row, previous row"}.items():
        expect(
            dialog.locator("dt").filter(has_text=re.compile(rf"^{re.escape(' '.join(keys))}$")).first
        ).to_be_visible()
        expect(dialog.get_by_text(label, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


# ---- steps on several rows


def test_buttons_say_how_many_rows_they_act_on(open_page: Open, site: Site) -> None:
    page = open_page(f"{GALLERY}?rows=5")
    expect(page.get_by_role("button", name="Take selected")).to_be_visible()
    page.get_by_label("Select case 2").check()
    page.get_by_label("Select case 4").check()
    expect(page.locator("[data-live]")).to_have_text("2 selected")
    page.get_by_role("button", name="Take 2").click()
    page.wait_for_timeout(100)
    assert [name for name, _ in site.posted].count("step") == 1
    page.get_by_label("All on this page").check()
    expect(page.get_by_role("button", name="Take 5")).to_be_visible()


def test_a_double_click_sends_one_step(open_page: Open, site: Site) -> None:
    page = open_page(GALLERY)
    page.get_by_role("button", name="Add note").dblclick()
    page.wait_for_timeout(300)
    assert [name for name, _ in site.posted].count("step") == 1


# ---- requests behind the page


def test_drafts_are_kept_while_one_types(open_page: Open, site: Site) -> None:
    page = open_page(GALLERY)
    page.get_by_label("Note", exact=True).fill("She asked for a limit.")
    expect(page.get_by_text("Draft saved.")).to_be_visible()
    assert ("draft", {"text": "She asked for a limit.", "csrf": "token"}) in site.posted


def test_a_step_that_is_sent_ends_its_draft(open_page: Open, site: Site) -> None:
    page = open_page(GALLERY)
    page.get_by_label("Note", exact=True).evaluate(TYPE_AND_SEND)
    page.wait_for_timeout(1300)
    assert "step" in [name for name, _ in site.posted]
    assert "draft" not in [name for name, _ in site.posted]


def test_a_draft_that_cannot_be_kept_is_said(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.route("**/stub/draft", lambda route: route.abort())
    page.get_by_label("Note", exact=True).fill("She asked for a limit.")
    expect(page.get_by_text("could not be saved")).to_be_visible()


def test_news_wait_until_they_are_asked_for(open_page: Open, site: Site) -> None:
    site.texts["news"] = "3 new cases"
    page = open_page(GALLERY)
    expect(page.get_by_role("link", name="3 new cases")).to_have_attribute("href", GALLERY)


def test_without_news_there_is_no_link(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.wait_for_timeout(200)
    expect(page.locator("[data-poll]")).to_be_hidden()


def test_who_else_is_here_is_said_and_told(open_page: Open, site: Site) -> None:
    site.texts["presence"] = "Ben Ito is looking at this case, too."
    page = open_page("/console/gallery?rows=0")
    expect(page.locator("[data-presence]")).to_have_text("Ben Ito is looking at this case, too.")
    assert ("presence", {"csrf": "token"}) in site.posted


def test_markup_in_what_the_server_says_stays_text(open_page: Open, site: Site) -> None:
    site.texts["presence"] = "<img src=x onerror=alert(1)>"
    page = open_page(GALLERY)
    expect(page.locator("[data-presence]")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("[data-presence] img").count() == 0


# ---- small things


def test_errors_have_the_focus_and_lead_to_their_fields(open_page: Open) -> None:
    page = open_page(GALLERY)
    assert page.title().startswith("Error: Gallery")
    assert page.evaluate("document.activeElement.matches('.notice.error')")
    page.get_by_role("link", name="Not a valid email address.").click()
    assert focused(page) == "f-email"
    described = page.locator("#f-email").get_attribute("aria-describedby")
    assert described == "f-email-error"
    expect(page.locator("#f-email-error")).to_have_text("Error: Not a valid email address.")


def test_commands_can_be_copied(open_page: Open) -> None:
    page = open_page(GALLERY, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert (
        page.evaluate("navigator.clipboard.readText()") == "flask --app app staff invite ana@example.org --role admin"
    )


def test_the_menu_closes_by_escape_and_gives_the_focus_back(open_page: Open) -> None:
    page = open_page("/console/alone")
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Your settings").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('.menu summary')")


def test_a_step_closes_by_escape_and_gives_the_focus_back(open_page: Open) -> None:
    page = open_page(GALLERY)
    page.keyboard.press("e")
    page.get_by_role("button", name="Close it").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Close it")).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('.confirm summary')")


# ---- without the script


@pytest.fixture
def plain(windows: Windows, site: Site) -> Page:
    page = windows.page({"java_script_enabled": False})
    page.goto(site.address + GALLERY)
    return page


def test_without_the_script_everything_that_needs_it_is_absent(plain: Page) -> None:
    for name in ("Copy", "Keyboard shortcuts"):
        expect(plain.get_by_role("button", name=name)).to_have_count(0)
    expect(plain.get_by_label("All on this page")).to_be_hidden()
    expect(plain.get_by_role("button", name="Take selected")).to_be_visible()


def test_without_the_script_forms_steps_menus_and_search_work(plain: Page, site: Site) -> None:
    plain.get_by_label("Select case 3").check()
    plain.get_by_role("button", name="Take selected").click()
    plain.get_by_text("Close the case").click()
    plain.get_by_role("button", name="Close it").click()
    plain.get_by_label("Note", exact=True).fill("Called her.")
    plain.get_by_role("button", name="Add note").click()
    plain.wait_for_timeout(200)
    steps = [form for name, form in site.posted if name == "step"]
    assert [(step.get("case"), step.get("step"), step.get("note")) for step in steps] == [
        ("3", "take", None),
        (None, None, None),
        (None, None, "Called her."),
    ]
    assert all(step["csrf"] == "token" for step in steps)
    plain.locator(".menu summary").click()
    expect(plain.get_by_role("button", name="Sign out")).to_be_visible()
    plain.get_by_role("searchbox").fill("4711")
    plain.keyboard.press("Enter")
    plain.wait_for_url("**/console/search?q=4711")
