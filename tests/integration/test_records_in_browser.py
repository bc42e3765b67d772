"""The pages of records in a browser: axe on each, and an interaction recorded by the keyboard alone."""

from datetime import timedelta

from apiflask import APIFlask

from app.cases import controllers
from app.staff.permissions import Role
from tests.browser.conftest import Keep, browser, keep, playwright  # noqa: F401  # fixtures
from tests.integration.casework import member, seen
from tests.integration.conftest import Sql
from tests.integration.recordings import NOW, Records
from tests.integration.test_console_in_browser import (
    CASES,
    RTL,
    Join,
    address,  # noqa: F401  # a fixture, as those below
    check,
    made,  # noqa: F401
    sign_in,  # noqa: F401
)


def test_axe_finds_nothing_on_the_pages_of_records(
    app: APIFlask,
    sign_in: Join,  # noqa: F811  # the fixture
    sql: Sql,
    keep: Keep,  # noqa: F811
) -> None:
    records, ann = Records(app, sql), member(sql, "Ben", Role.ANALYST)
    page = sign_in(Role.LEAD, name=RTL)
    page.goto("/console/waiting")
    check(page, keep, "waiting-empty")
    case = records.call(ann, records.taken(ann), said="word " * 200, next_step="x" * 300)
    interaction, action = records.newest(case), records.block(reason="y" * 300).action
    controllers.wait_for_effect(records.work.services, ann, seen(case), evaluate_at=NOW + timedelta(days=7))
    sql("UPDATE awaited SET due_at = now()")
    [(evaluation,)] = sql("SELECT id FROM evaluation")
    for path in (
        "/console/waiting",
        f"/console/interactions/{interaction.id}",
        f"/console/actions/{action.id}",
        f"/console/evaluations/{evaluation}",
        f"{CASES}/{case.id}",
    ):
        page.goto(path)
        check(page, keep, path.removeprefix("/console/").replace("/", "-"))
    for path, opened, button in (
        (f"/console/actions/{action.id}", "Review", "Record the review"),
        (f"{CASES}/{case.id}", "Record an action", "Record the action"),
    ):
        page.goto(path)
        page.locator("summary", has_text=opened).click()
        page.get_by_role("button", name=button).click()
        page.get_by_role("alert").wait_for()
        check(page, keep, f"{opened}-wrong")


def test_an_interaction_is_recorded_by_few_keys(
    app: APIFlask,
    sign_in: Join,  # noqa: F811
    sql: Sql,
) -> None:
    records = Records(app, sql)
    opened = records.work.opened(7)
    page = sign_in(Role.ANALYST)
    page.goto(f"{CASES}/{opened.id}")
    page.keyboard.press("a")
    page.locator("summary", has_text="Record an interaction").wait_for()
    page.keyboard.press("i")
    page.locator("#interaction-said").focus()
    page.keyboard.type("We talked.")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("Call again.")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.get_by_role("button", name="Record the interaction").focus()
    page.keyboard.press("Enter")
    page.get_by_text("The interaction is recorded.").wait_for()
    assert sql("SELECT said, next_step FROM interaction") == [("We talked.", "Call again.")]
