"""The rule book in a browser: axe on each page, and a rule drafted, tested, published, taken back without scripts."""

import pytest
from apiflask import APIFlask
from playwright.sync_api import Page, expect

from app.backtest.jobs.running import RunningJobs
from app.backtest.jobs.watching import Watch
from app.backtest.services import BacktestServices
from app.rulebook import controllers
from app.rulebook.approval import Change
from app.rulebook.drafts import parse_draft
from app.staff.permissions import Role
from lib.services import services_of
from lib.workers import ThisProcess
from tests import rules_of_kinds
from tests.browser.conftest import Keep, browser, keep, playwright
from tests.integration.books import store
from tests.integration.conftest import Sql
from tests.integration.test_console_in_browser import (
    RTL,
    Join,
    address,
    check,
    made,
    sign_in,
)
from tests.integration.wiring import wiring

__all__ = ["address", "browser", "keep", "made", "playwright", "sign_in"]  # fixtures

pytestmark = pytest.mark.usefixtures("rules_refreshed_by_hand")

RULES = "/console/rules"
LONG = "Wilhelmina-Oosterbroek-Schimmelpenninck-van-der-Hoeven-" * 2
ON = "INSERT INTO rule_policy_change (step, who, note) VALUES ('on', 'FOUR_EYES=true', '')"


@pytest.fixture
def run(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> RunningJobs:
    """What the worker does with backtests, in this process."""
    monkeypatch.setattr(Watch, "open_pool", lambda _, begin, given, count: ThisProcess(begin, given, count))
    return RunningJobs(services_of(app, BacktestServices))


def test_axe_finds_nothing_on_the_pages_of_rules(
    app: APIFlask,
    sign_in: Join,  # the fixture
    sql: Sql,
    run: RunningJobs,
    keep: Keep,  # as above
) -> None:
    store(sql, users=20, each=15)
    rules = [
        rules_of_kinds.written("window_total", 1, name=RTL, description=LONG, guidance="Call.", strength="strong"),
        rules_of_kinds.written("streak", 30, count=2),
    ]
    edition = controllers.draft(wiring(app).database, parse_draft(rules), Change(actor="ann", reason=RTL)).edition
    page = sign_in(Role.PUBLISHER, Role.ANALYST, name=RTL)
    for path in ("", "/templates", "/new/toml", f"/{edition}", f"/{edition}/diff", f"/{edition}/publish"):
        page.goto(RULES + path)
        check(page, keep, f"rules{path.replace('/', '-')}")
    page.goto(f"{RULES}/{edition}")
    page.get_by_role("button", name="Run a backtest").click()
    check(page, keep, "rules-backtest-waiting")
    run.run_once()
    page.reload()
    check(page, keep, "rules-backtest")
    page.goto(f"{RULES}/{edition}")
    page.get_by_role("button", name="Run in the shadow").click()
    page.goto(f"{RULES}/{edition}/compare")
    check(page, keep, "rules-compare")
    page.goto(f"{RULES}/{edition}/publish")
    page.get_by_role("button", name="Publish edition").click()
    check(page, keep, "rules-publish-wrong")
    page.goto(f"{RULES}/new?edition={edition}")
    check(page, keep, "rules-draft")
    page.get_by_label("Code").first.fill("x")
    page.get_by_role("button", name="Save the draft").click()
    check(page, keep, "rules-draft-wrong")


def test_a_rule_is_drafted_tested_published_and_taken_back_without_scripts(
    sign_in: Join,  # the fixture
    sql: Sql,
    run: RunningJobs,
) -> None:
    sql(ON)
    store(sql, users=20, each=15)
    author = sign_in(Role.AUTHOR, java_script_enabled=False)
    draft_a_rule(author)
    author.get_by_role("button", name="Run a backtest").click()
    expect(author.get_by_text("It waits for the worker")).to_be_visible()
    run.run_once()
    author.get_by_role("link", name="Look again").click()
    expect(author.get_by_text("Edition 2 raises").first).to_be_visible()
    publisher = sign_in(Role.PUBLISHER, email="ben@example.com", name="Ben Jones", java_script_enabled=False)
    publisher.goto("/console")
    publisher.get_by_role("link", name="2", exact=True).click()
    publisher.get_by_role("link", name="Publish…").click()
    expect(publisher.get_by_text("9001 is new")).to_be_visible()
    expect(publisher.get_by_text("Edition 2 raises")).to_be_visible()
    publisher.get_by_label("Number of the edition").fill("2")
    publisher.get_by_role("button", name="Publish edition 2").click()
    expect(publisher.get_by_text("Edition 2 is live: every process")).to_be_visible()
    publisher.get_by_role("button", name="Go back to edition 1").click()
    expect(publisher.get_by_text("Edition 1 is live again")).to_be_visible()
    assert sql("SELECT edition FROM rule_book WHERE status = 'live'") == [(1,)]


def draft_a_rule(page: Page) -> None:
    """Draft the live rules and one more, with a mistake on the way; the Enter key removes nothing."""
    page.goto("/console")
    page.get_by_role("link", name="New draft").click()
    page.get_by_label("Kind of rule to add").select_option("Window count")
    page.get_by_role("button", name="Add a rule").click()
    added = page.locator("fieldset.rule").last
    expect(added.get_by_label("Code")).to_be_focused()
    added.get_by_label("Name").fill("many deposits")
    added.get_by_label("Description").fill("more than five deposits within a day")
    added.get_by_label("Count").fill("5")
    added.get_by_label("Rolling window").fill("1 day")
    added.get_by_label("Code").fill("9001")
    added.get_by_label("Code").press("Enter")
    expect(added.get_by_text("Enter a length from 1 s to 366 d")).to_be_visible()
    assert page.locator("fieldset.rule").count() == 5
    added.get_by_label("Rolling window").fill("1 d")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("Edition 2 is drafted")).to_be_visible()
