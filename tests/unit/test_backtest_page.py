"""The report as a page."""

import re

import pytest

from app.backtest.domain import DAY
from app.backtest.page import page
from app.backtest.page_tables import period_table
from app.backtest.reports import Report
from app.backtest.style import STYLE
from tests.unit.backtest_reports import EMPTY, EVIL, FIRST, MADE, REPORTS, above, report_of
from tests.unit.contrasts import contrast
from tests.unit.markup import read


@pytest.mark.parametrize("report", [*REPORTS.values(), EMPTY], ids=[*REPORTS, "empty"])
def test_the_page_is_whole_and_fetches_nothing(report: Report) -> None:
    text = page(report, MADE)
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & reader.names
    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import|\bsrc=|\bhref=|\bon[a-z]+=", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_what_people_wrote_is_shown_and_not_followed() -> None:
    reader = read(page(REPORTS["alone"], MADE))
    assert EVIL in reader.text
    assert "alert('x')" not in re.sub(r"&[a-z#0-9]+;", "", page(REPORTS["alone"], MADE))


def test_the_page_says_what_was_judged_and_what_came_of_it() -> None:
    text = read(page(REPORTS["against"], MADE)).text
    assert "Edition 2 against edition 1" in text
    assert f"9 events of 3 customers (users: 1-9), from t {FIRST} on, before t {FIRST + 3 * DAY}" in text
    assert "2026-11-22 03:04 UTC" in text
    assert "1: above 200.00 → 100.00" in text
    assert "140.00 deposited at once; the limit is 100.00" in text
    for title in ("Alerts per day", "Code by code, per day", "Customers by number of alerts", "Samples: gained"):
        assert title in text


def test_a_colour_means_one_thing_and_the_legend_tells_it_once() -> None:
    """Whatever is coloured on the page has a class, each class a meaning, and each meaning stands in one legend."""
    for name, report in REPORTS.items():
        text = page(report, MADE)
        told = re.search(r'<ul class="legend".*?</ul>', text)
        assert told
        meanings = re.findall(r'<rect class="([a-z]+)"[^>]*></rect>|<rect class="([a-z]+)"', told[0])
        kinds = [one or other for one, other in meanings]
        drawn = set(re.findall(r'<rect class="([a-z]+)" ', text.partition("</defs>")[2])) - {"room"}
        assert text.count('class="legend"') == 1
        assert sorted(kinds) == sorted(drawn) == {"alone": ["kept", "ours"], "against": sorted(EACH)}[name]


EACH = ["kept", "gained", "lost", "ours", "theirs"]


def test_what_colours_tell_apart_patterns_tell_apart_too() -> None:
    """Two of alerts are patterns of their own, and so is one of customers; what is lost also goes downwards."""
    fills = dict(re.findall(r"\.(kept|gained|lost|ours|theirs) \{ fill: ([^;]+);", STYLE))
    assert sorted(fills) == sorted(EACH)
    patterns = re.findall(r'<pattern id="([a-z]+)"', page(REPORTS["against"], MADE))
    assert {kind for kind, fill in fills.items() if fill == f"url(#{kind})"} == set(patterns)
    assert {fills["kept"], fills["ours"]} == {"var(--kept)", "var(--people)"}


COLOURS = ("ink", "dim", "kept", "gained", "lost", "people")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_page(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for graphics."""
    found = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", STYLE.split("prefers-color-scheme: dark")[scheme == "dark"]))
    contrasts = {name: contrast(found[name], found["page"]) for name in COLOURS}
    assert min(contrasts.values()) >= 3, contrasts
    assert min(contrast(found[name], found[ground]) for name in ("ink", "dim") for ground in ("page", "panel")) >= 4.5


def test_all_periods_are_told_of_both_editions() -> None:
    table = period_table(REPORTS["against"])
    names = ["period", "events", "ed. 2", "per 1,000", "ed. 1", "per 1,000", "gained", "lost", "ed. 2: 1", "ed. 2: 2"]
    assert re.findall(r"<th[^>]*>([^<]*)</th>", table) == names
    told = ["2026-01-02", "3", "5 (3)", "1,666.7", "4 (3)", "1,333.3", "4 (3)", "3 (3)", "2 (2)", "3 (3)"]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", table)[10:20] == told


def test_where_nothing_is_raised_there_is_no_picture() -> None:
    nothing = report_of(3, compares=False, new=[above(1, 10_000)])
    assert "<figure>" not in page(nothing, MADE)
