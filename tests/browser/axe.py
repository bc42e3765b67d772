"""What axe finds on a page."""

from functools import cache

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": TAGS, "rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}


@cache
def axe() -> Axe:
    return Axe()


def violations(page: Page) -> list[str]:
    """Return each broken rule of WCAG 2.2 A and AA, with the elements that break it."""
    found = axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for each in found
        for node in each["nodes"]
    ]
