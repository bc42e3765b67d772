"""The report as a page."""

import re

import pytest

from app.backtest.domain import DAY
from app.backtest.page import TEMPLATES, render
from app.backtest.page_tables import period_table
from app.backtest.reports import Report
from tests.backtest_reports import EMPTY, FIRST, MADE, REPORTS, above, report_of
from tests.markup import EVIL, read
from tests.unit.contrasts import contrast


@pytest.mark.parametrize("report", [*REPORTS.values(), EMPTY], ids=[*REPORTS, "empty"])
def test_the_page_is_self_contained(report: Report) -> None:
    text = render(report, MADE)
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & reader.names
    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import|\bsrc=|\bhref=|\bon[a-z]+=", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_user_text_is_escaped_in_html_and_svg() -> None:
    """Names, terms, changes and sentences of rules are typed by people: here with an element and quotes in them."""
    rules = [above(1, 100, EVIL, EVIL), above(2, 50, EVIL)]
    reader = read(render(report_of(3, compares=True, new=rules), MADE))
    assert "script" not in reader.names
    changes = (f"1: name large → {EVIL}", f"1: description it is → {EVIL}")
    for place in (f"1 {EVIL}a deposit above 100.00", *changes, f"1 {EVIL}: 3 of 3"):
        assert place in reader.text
    labels = [value for name, value in reader.attributes if name == "aria-label"]
    assert f"1 {EVIL}: alerts per day" in labels, "of a chart"


def test_the_page_says_what_was_judged_and_the_result() -> None:
    text = read(render(REPORTS["against"], MADE)).text
    assert "Edition 2 against edition 1" in text
    assert f"9 events of 3 players (user ids: 1-9), from t {FIRST} on, before t {FIRST + 3 * DAY}" in text
    assert "2026-11-22 03:04 UTC" in text
    assert "1: above 200.00 → 100.00" in text
    assert "140.00 deposited at once (threshold 100.00)" in text
    for title in ("Alerts per day", "Code by code, per day", "Players by number of alerts", "Samples: gained"):
        assert title in text


def test_each_colour_has_one_meaning_and_one_legend() -> None:
    """Everything coloured has a class, each class has a meaning, and each meaning is in one legend."""
    for name, report in REPORTS.items():
        text = render(report, MADE)
        legend = re.search(r'<ul class="legend".*?</ul>', text, re.DOTALL)
        assert legend
        kinds = re.findall(r'<rect class="([a-z-]+)"', legend[0])
        drawn = set(re.findall(r'<rect class="([a-z-]+)" ', text.partition("</defs>")[2])) - {"room"}
        assert text.count('class="legend"') == 1
        assert sorted(kinds) == sorted(drawn) == {"alone": ["kept", "players"], "against": sorted(EACH)}[name]


EACH = ["kept", "gained", "lost", "players", "players-against"]
STYLE, REPORT_STYLE = (TEMPLATES.get_template(name).render() for name in ("pages/page.css", "backtest/report.css"))


def test_colours_are_backed_by_patterns() -> None:
    """Two of alerts are patterns of their own, and so is one of players; what is lost also goes downwards."""
    fills = dict(re.findall(rf"^\.({'|'.join(EACH)}) {{ fill: ([^;]+);", REPORT_STYLE, re.MULTILINE))
    assert sorted(fills) == sorted(EACH)
    patterns = re.findall(r'<pattern id="([a-z-]+)"', render(REPORTS["against"], MADE))
    assert {kind for kind, fill in fills.items() if fill == f"url(#{kind})"} == set(patterns)
    assert {fills["kept"], fills["players"]} == {"var(--kept)", "var(--people)"}


COLOURS = ("ink", "dim", "kept", "gained", "lost", "people")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_page(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for graphics."""
    parts = [each.split("prefers-color-scheme: dark")[scheme == "dark"] for each in (STYLE, REPORT_STYLE)]
    found = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", "".join(parts)))
    contrasts = {name: contrast(found[name], found["page"]) for name in COLOURS}
    assert min(contrasts.values()) >= 3, contrasts
    assert min(contrast(found[name], found[ground]) for name in ("ink", "dim") for ground in ("page", "panel")) >= 4.5


def test_all_periods_of_both_editions_are_shown() -> None:
    table = period_table(REPORTS["against"])
    of_each = "fresh", "per 1,000"
    assert table.headings == (
        ["period", "events", "ed. 2", *of_each, "ed. 1", *of_each, "gained", "lost", "ed. 2: 1", "ed. 2: 2"]
    )
    row = ["2026-01-02", "3", "5 (3)", "0", "1,666.7", "4 (3)", "0", "1,333.3", "4 (3)", "3 (3)", "2 (2)", "3 (3)"]
    assert table.rows[1] == row


def test_players_are_shown_with_their_share() -> None:
    text = render(REPORTS["against"], MADE).partition("<h2>Players by number")[2]
    rows = re.findall(r'<th scope="row">([^<]+)</th>.*?<td>(.*?)</td><td>(.*?)</td>', text, re.DOTALL)
    assert rows == [
        ("3 to 5", "1 <small>33%</small>", "2 <small>67%</small>"),
        ("6 to 10", "2 <small>67%</small>", "1 <small>33%</small>"),
    ]


def test_a_code_without_alerts_is_named_below_the_charts() -> None:
    report = report_of(3, compares=False, new=[above(1, 100), above(7, 10_000), above(8, 10_000)])
    assert "<p>Without any alert: 7, 8.</p>" in render(report, MADE)


def test_without_alerts_there_is_no_chart() -> None:
    nothing = report_of(3, compares=False, new=[above(1, 10_000)])
    assert "<figure>" not in render(nothing, MADE)
