"""The page of a backtest in a real browser: at the width of a telephone nothing of it has to be scrolled sideways."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest

from app.backtest.page import render
from app.backtest.reports import Report
from tests.backtest_reports import REPORTS, of_many, report_of

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
MAX_WAIT = 60  # seconds
QUIET = ["--headless", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--virtual-time-budget=5000"]
# The page allows no scripts, so one outside of it looks into it, with all that can be opened being open.
FRAME = """<!doctype html><iframe style="width: {width}px; height: 800px; border: 0" srcdoc="{page}"></iframe>
<pre></pre>
<script>
document.querySelector("iframe").onload = event => {{
  const page = event.target.contentDocument, width = element => [element.scrollWidth, element.clientWidth];
  page.querySelectorAll("details").forEach(each => each.open = true);
  const periods = page.querySelector(".wide");
  document.querySelector("pre").textContent = JSON.stringify([width(page.documentElement), width(periods)]);
}};
</script>
"""
SHOWN = {"of two codes": REPORTS["alone"], "of twenty codes": of_many(20), "of years": report_of(1490, compares=True)}

pytestmark = pytest.mark.skipif(BROWSER is None, reason="chromium is not here")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("report", SHOWN.values(), ids=list(SHOWN))
def test_the_page_is_never_wider_than_its_window(report: Report, width: int, tmp_path: Path) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=escape(render(report, datetime.now(UTC)))))
    done = subprocess.run(  # noqa: S603  # our own page
        [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{frame}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=MAX_WAIT,
    )
    shown = re.search(r"<pre>(.+)</pre>", done.stdout)
    assert shown, done.stdout[-300:]
    (whole, window), (periods, room) = json.loads(shown[1])
    assert whole == window
    assert window > width - 20, "a scroll bar at most"
    assert periods >= room, "the table of the periods is scrolled inside of it"
