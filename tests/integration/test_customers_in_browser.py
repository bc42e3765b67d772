"""The pages about customers in a browser: axe in both colours, nothing too wide, the lane by keyboard, and on paper."""

import time

import pytest
from apiflask import APIFlask

from app.events.domain import MeaningOfT
from app.staff.permissions import Role
from tests.browser.conftest import Keep, browser, keep, playwright  # noqa: F401  # fixtures
from tests.integration.casework import Casework
from tests.integration.clients import send
from tests.integration.test_console_in_browser import (
    RTL,
    Join,
    address,  # noqa: F401  # a fixture, as those below
    check,
    made,  # noqa: F401
    sign_in,  # noqa: F401
    work,  # noqa: F401
)

PLAYERS, VIEWS = "/console/players", "/console/audit/views"


@pytest.fixture
def customer(app: APIFlask, work: Casework) -> None:  # noqa: F811  # the fixture
    """A customer with a long name, events, alerts and a case."""
    client, now = app.test_client(), int(time.time())
    long = f"{RTL} Maximiliane-Charlotte von Hohenstein-Württemberg"
    client.post("/users", json={"user_id": 7, "name": long, "email": "ada@example.org", "groups": ["vip", "55-plus"]})
    for number in range(12):
        kind, t = ("deposit", "withdraw")[number % 3 == 2], now - 2 * 86_400 * (12 - number)
        send(client, kind, f"{100 + number}.50", t, 7)
    work.opened(7, t=now - 86_400)
    reversal = client.post(f"/users/7/events/{now - 2 * 86_400}/reversal", json={"reason": "charged back"})
    assert reversal.status_code == 200


@pytest.mark.usefixtures("customer")
@pytest.mark.settings(t_is=MeaningOfT.UNIX)
def test_axe_finds_nothing_on_the_pages_of_customers(sign_in: Join, keep: Keep) -> None:  # noqa: F811
    page = sign_in(Role.LEAD, Role.AUDITOR, name=RTL)
    for path in (f"{PLAYERS}/7", f"{PLAYERS}/7?tab=money", f"{PLAYERS}/7/file", "/console/alerts?code=x", VIEWS):
        page.goto(path)
        check(page, keep, path.removeprefix("/console/"))
    page.goto("/console/alerts")
    page.locator("[data-row-link]").first.click()
    page.get_by_role("heading", name="behind it").wait_for()
    check(page, keep, "alert")


@pytest.mark.usefixtures("customer")
@pytest.mark.settings(t_is=MeaningOfT.UNIX)
def test_without_script_the_lane_leads_on_and_the_file_is_downloaded_and_printed(sign_in: Join) -> None:  # noqa: F811
    page = sign_in(Role.LEAD, java_script_enabled=False)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{PLAYERS}/7")
    for each in page.locator(".lane a").all():
        box = each.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
    page.locator(".lane a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**before=**")
    assert page.get_by_role("table", name="Alerts, newest first").count() == 1
    page.goto(f"{PLAYERS}/7")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "customer-7.csv"
    page.get_by_role("link", name="Print file").click()
    page.get_by_role("heading", name="File of customer 7").wait_for()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})
    assert not page.locator("header.top").is_visible()
    assert page.locator("thead").first.is_visible(), "tables stay tables on paper"
