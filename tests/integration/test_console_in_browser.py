"""The console's own pages in a browser: axe on each, work by the keyboard alone, two people at once, without script."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from app.staff import controllers
from app.staff.permissions import Role
from app.staff.services import StaffServices
from lib.services import services_of
from tests.browser.axe import violations
from tests.browser.conftest import Keep, browser, keep, playwright  # noqa: F401  # fixtures
from tests.integration import staffing
from tests.integration.casework import STRONG_CODE, Casework, casework_of
from tests.integration.conftest import Sql
from tests.integration.staffing import PASSWORD, ROOT

OPEN_ALL = "document.querySelectorAll('details:not(.menu)').forEach(each => { each.open = true })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RTL = "أحمد عبد الرحمن الحسيني"
CASES = "/console/cases"

Join = Callable[..., Page]


@pytest.fixture
def made(app: APIFlask) -> StaffServices:
    return services_of(app, StaffServices)


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@contextmanager
def served(app: APIFlask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(app: APIFlask) -> Iterator[str]:
    with served(app) as found:
        yield found


@pytest.fixture
def sign_in(browser: Browser, made: StaffServices, address: str) -> Iterator[Join]:  # noqa: F811  # the fixture
    """Open a window in which somebody with these roles is signed in."""
    opened: list[BrowserContext] = []

    def begin(*roles: Role, email: str = "ann@example.com", name: str = "Ann Smith", **options: object) -> Page:
        _, token = staffing.join(made, email, *roles, name=name)
        context = browser.new_context(base_url=address, reduced_motion="reduce", **options)  # type: ignore[arg-type]  # Playwright's own
        context.add_cookies([{"name": "session", "value": token, "url": address}])
        opened.append(context)
        return context.new_page()

    yield begin
    for context in opened:
        context.close()


def fill(work: Casework, customers: int = 6) -> None:
    """Open cases by alerts: of few and of many, a strong one among them."""
    for user_id in range(1, customers + 1):
        for t in range(user_id % 3 + 1):
            work.alert(user_id, t=10 + t, code=STRONG_CODE if user_id == 1 else 30)
    work.attach()


def check(page: Page, keep_picture: Keep, state: str) -> None:
    """Let axe look at a page in both colours, and see that nothing overflows on a phone."""
    page.evaluate(OPEN_ALL)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], f"{state}, {scheme}"
        keep_picture(page, f"{state}-{scheme}")
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate(OVERFLOW) <= 0, state
    keep_picture(page, f"{state}-narrow")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_axe_finds_nothing_on_the_pages_of_cases(sign_in: Join, work: Casework, keep: Keep) -> None:  # noqa: F811
    page = sign_in(Role.LEAD, name=RTL)
    page.goto(CASES)
    check(page, keep, "empty-queue")
    fill(work)
    for path in (CASES, f"{CASES}?tab=closed", f"{CASES}?code=x", f"{CASES}/new", "/console/search?q=1"):
        page.goto(path)
        check(page, keep, path.removeprefix("/console/"))
    page.goto(CASES)
    page.locator("[data-row-link]").first.click()
    check(page, keep, "case-new")
    page.get_by_role("button", name="Take").click()
    page.locator("summary", has_text="Close").click()
    page.get_by_role("button", name="Close the case").click()
    page.get_by_role("alert").wait_for()
    check(page, keep, "case-wrong")


def test_axe_finds_nothing_on_the_pages_of_accounts(
    sign_in: Join,
    browser: Browser,  # noqa: F811
    made: StaffServices,
    address: str,
    keep: Keep,  # noqa: F811
) -> None:
    page = sign_in(Role.ADMIN, Role.AUDITOR)
    for path in ("/console/me", "/console/admin", "/console/audit", "/console/confirm", "/console/nothing"):
        page.goto(path)
        check(page, keep, path.removeprefix("/console/"))
    link = controllers.invite(made, ROOT, "bob@example.com", [Role.VIEWER])
    page.goto(f"/console/admin/staff/{link.account.id}")
    check(page, keep, "account")
    nobody = browser.new_context(base_url=address, reduced_motion="reduce").new_page()
    for path in ("/console/login", f"/console/welcome/{link.token}", "/console/welcome/used"):
        nobody.goto(path)
        check(nobody, keep, path.split("/")[2])
    nobody.context.close()


def test_a_case_is_claimed_noted_and_closed_by_few_keys(sign_in: Join, work: Casework, sql: Sql) -> None:
    fill(work, 1)
    page = sign_in(Role.LEAD)
    page.goto(CASES)
    page.keyboard.press("Shift+N")
    page.wait_for_url(f"**{CASES}/*")
    page.keyboard.press("n")
    page.keyboard.type("Called; no answer.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Called; no answer.").wait_for()
    page.wait_for_load_state()  # keys are heard from then on
    assert sql("SELECT step FROM case_event ORDER BY seq DESC LIMIT 1") == [("note",)]
    page.keyboard.press("e")
    page.locator("#close-outcome").focus()
    page.keyboard.press("Space")
    page.locator("#close-reason").focus()
    page.keyboard.type("Usual play.")
    page.locator("#close-why_no_interaction").focus()
    page.keyboard.type("The account was closed.")
    page.get_by_role("button", name="Close the case").focus()
    page.keyboard.press("Enter")
    page.get_by_text("is closed.").first.wait_for()  # a second time for screen readers
    assert sql("SELECT status, outcome FROM care_case") == [("closed", "no_concern")]


def test_two_people_who_claim_at_once_get_different_cases(sign_in: Join, work: Casework, sql: Sql) -> None:
    fill(work, 10)
    pages = [sign_in(Role.ANALYST, email=f"{name}@example.com", name=name) for name in ("Ann", "Bob")]
    for _ in range(5):
        for page in pages:
            page.goto(CASES)
        for page in pages:
            page.keyboard.press("Shift+N")
        for page in pages:
            page.wait_for_url(f"**{CASES}/*")
    owners = sql("SELECT assignee, count(*) FROM care_case GROUP BY assignee ORDER BY 2")
    assert [count for _, count in owners] == [5, 5]


def test_both_close_one_case_and_one_is_told(sign_in: Join, work: Casework, sql: Sql) -> None:
    fill(work, 2)
    first, second = (sign_in(Role.LEAD, email=f"{name}@example.com", name=name) for name in ("Ann", "Bob"))
    [(case_id,)] = sql("SELECT id FROM care_case WHERE user_id = 2")
    first.goto(f"{CASES}/{case_id}")
    first.get_by_role("button", name="Take").click()
    first.wait_for_load_state()
    for page in (first, second):
        page.goto(f"{CASES}/{case_id}")
        page.locator("summary", has_text="Close").click()
        page.check("#close-outcome")
        page.fill("#close-reason", "My reason.")
    first.get_by_role("button", name="Close the case").click()
    first.get_by_text("is closed.").first.wait_for()  # a second time for screen readers
    second.get_by_role("button", name="Close the case").click()
    second.get_by_text("Someone else changed this first").wait_for()
    second.get_by_text("My reason.").first.wait_for()
    assert sql("SELECT count(*) FROM case_event WHERE step = 'close'") == [(1,)]


def test_without_script_everything_works(sign_in: Join, work: Casework, sql: Sql) -> None:
    fill(work, 2)
    page = sign_in(Role.ANALYST, java_script_enabled=False)
    page.goto(CASES)
    page.get_by_role("button", name="Claim next").click()
    page.fill("[name=note]", "Without script.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_text("Without script.")).to_have_count(1)
    page.goto(CASES)
    page.locator("[name=case]").first.check()
    page.get_by_role("button", name="Take selected").click()
    page.get_by_role("heading", name="1 of 1 cases taken").wait_for()
    assert sql("SELECT count(*) FROM care_case WHERE status = 'in_review'") == [(2,)]


def test_somebody_signs_in_and_out(browser: Browser, made: StaffServices, address: str) -> None:  # noqa: F811
    ann, _ = staffing.join(made, "ann@example.com", Role.VIEWER)
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto(CASES)
    page.fill("[name=email]", ann.email)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", ann.code())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{CASES}")
    [cookie] = [each for each in context.cookies() if each["name"] == "session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/login")
    page.go_back()
    page.wait_for_load_state()
    assert page.get_by_role("heading", name="Cases").count() == 0, "the back button shows nothing after signing out"
    context.close()
