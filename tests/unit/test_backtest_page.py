"""The report as a page, as JSON and on the terminal."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise

import pytest
from rich.console import Console

from app.backtest import pictures
from app.backtest.documents import document
from app.backtest.domain import DAY, Calendar, Scope, Users
from app.backtest.figures import MOST_BARS, Palette, alerts_by_period, difference_by_period, groups
from app.backtest.findings import Difference, Findings
from app.backtest.page import page, period_table
from app.backtest.pictures import Bar, Part, chart, tick_step
from app.backtest.reports import Bench, Report
from app.backtest.tables import MOST_PERIODS, show, show_findings
from app.backtest.tally import Tally
from app.events.domain import EventType, History
from app.events.rules import Rule, Threshold, evaluate
from tests.unit.builders import deposit

MADE = datetime(2026, 11, 22, 3, 4, tzinfo=UTC)
FIRST = 1_767_225_600  # midnight of 2026-01-01
EVIL = "<script>alert('x')</script> & \"more\""


def above(code: int, limit: int, name: str = "large") -> Rule:
    return Threshold(code=code, name=name, description="it is", type=EventType.DEPOSIT, above=Decimal(f"{limit}.00"))


NEW, OLD = [above(1, 100), above(2, 50, EVIL)], [above(1, 200), above(3, 10)]


def report_of(days: int, *, compares: bool, users: int = 3, new: Sequence[Rule] = NEW) -> Report:
    calendar = Calendar.of(range(FIRST // DAY, FIRST // DAY + days))
    tally, history = Tally(calendar, compares=compares), History()
    for user_id in range(1, users + 1):
        for day in range(days):
            event = deposit(str(70 * user_id), FIRST + day * DAY + user_id, user_id)
            tally.count(event, evaluate(new, event, history), evaluate(OLD, event, history) if compares else ())
        tally.end_user()
    return Report(
        edition=Bench(edition=2, rules={rule.code: rule for rule in new}),
        against=Bench(edition=1, rules={rule.code: rule for rule in OLD}) if compares else None,
        scope=Scope(since=FIRST, until=FIRST + max(days, 1) * DAY, users=(Users(1, 9),)),
        calendar=calendar,
        events=tally.events,
        customers=tally.customers,
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )


REPORTS = {"alone": report_of(3, compares=False), "against": report_of(3, compares=True)}
EMPTY = report_of(0, compares=True)


class Reader(HTMLParser):
    """Whether each element that is opened is closed, and what text there is."""

    VOID = frozenset({"meta", "line", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # its form
        self.names.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("report", [*REPORTS.values(), EMPTY], ids=[*REPORTS, "empty"])
def test_the_page_is_whole_and_fetches_nothing(report: Report) -> None:
    text = page(report, MADE)
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & reader.names
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=|\bhref=|\bon[a-z]+=", text)
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
    for title in (
        "Alerts of edition 2 per day",
        "Gained and lost per day, edition 2 against edition 1",
        "Customers by number of alerts",
        "Samples: gained",
    ):
        assert title in text


def heights(svg: str, colour: str) -> float:
    return sum(float(height) for height in re.findall(rf'class="{colour}"[^>]* height="([\d.]+)"', svg))


def test_bars_are_as_high_as_their_values() -> None:
    up, down = [Part(30, "x 30", "c0"), Part(10, "y 10", "c1")], [Part(20, "z 20", "c2")]
    bars = [Bar("a", "a", up, down), Bar("b", "b", [Part(0, "x 0", "c0")])]
    svg = chart("some", bars)
    read(svg)
    high = heights(svg, "c0")
    assert heights(svg, "c1") == pytest.approx(high / 3, abs=0.02)
    assert heights(svg, "c2") == pytest.approx(high * 2 / 3, abs=0.02)
    assert "<title>a: x 30; y 10; z 20</title>" in svg
    assert "<title>b: nothing</title>" in svg
    inside = [float(y) + float(h) for y, h in re.findall(r' y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)]
    assert all(pictures.TOP <= end <= pictures.HEIGHT - pictures.BOTTOM + 0.1 for end in inside)


@pytest.mark.parametrize(
    ("greatest", "step"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (21, 10), (600, 200), (10**9, 5 * 10**8)]
)
def test_the_values_at_the_left_are_round_and_few(greatest: int, step: int) -> None:
    assert tick_step(greatest) == step


@pytest.mark.parametrize("days", [1, MOST_BARS, MOST_BARS + 1, 1499])
def test_no_bar_is_too_thin_to_be_seen_and_no_period_is_left_out(days: int) -> None:
    report = report_of(days, compares=False)
    found = groups(report)
    assert len(found) <= MOST_BARS
    assert [period for group in found for period in group] == [FIRST // DAY + day for day in range(days)]


def test_a_period_far_from_the_others_hides_none_of_them() -> None:
    report = replace(REPORTS["alone"], events_by_period={1: 1, 2: 1, 5: 1, 10**14: 1})
    assert [list(group) for group in groups(report)] == [[1], [2], [5], [10**14]]


@pytest.mark.parametrize("report", [*REPORTS.values(), EMPTY], ids=[*REPORTS, "empty"])
def test_the_document_is_json_and_adds_up(report: Report) -> None:
    told = json.loads(json.dumps(document(report)))
    assert told["events"] == sum(period["events"] for period in told["periods"]) == report.events
    for series in report.series:
        by_code = {code: count["alerts"] for code, count in told["alerts"][series]["codes"].items()}
        for code, alerts in by_code.items():
            in_periods = [
                period["alerts"][series]["codes"].get(code, {"alerts": 0})["alerts"] for period in told["periods"]
            ]
            assert sum(in_periods) == alerts
        assert sum(period["alerts"][series]["alerts"] for period in told["periods"]) == sum(by_code.values())
        assert sum(told["alerts"][series]["customers_by_alerts"].values()) == told["customers"]


def test_the_document_tells_what_is_gained_and_lost() -> None:
    told = document(REPORTS["against"])
    assert (told["edition"], told["against"]) == (2, 1)
    alerts = told["alerts"]
    assert alerts["raised"]["codes"] == {"1": {"alerts": 6, "customers": 2}, "2": {"alerts": 9, "customers": 3}}
    assert alerts["gained"]["codes"] == {"1": {"alerts": 3, "customers": 1}, "2": {"alerts": 9, "customers": 3}}
    assert alerts["lost"]["codes"] == {"3": {"alerts": 9, "customers": 3}}
    assert told["periods"][0]["name"] == "2026-01-01"
    assert alerts["gained"]["samples"]["1"][0] == {
        "user_id": 2,
        "t": FIRST + 2,
        "sentence": "140.00 deposited at once; the limit is 100.00",
    }


def printed(report: Report, width: int = 200) -> str:
    out = Console(file=StringIO(), width=width, highlight=False)
    show(report, out)
    told: str = out.file.getvalue()  # type: ignore[attr-defined]  # it was made so
    return told


def test_the_terminal_shows_counts_and_samples() -> None:
    told = printed(REPORTS["against"])
    assert re.search(r"^1 +large +a deposit above 100.00 +6 \(2\) +3 \(1\) +3 \(1\) +0 \(0\)$", told, re.MULTILINE)
    assert re.search(r"^2026-01-02 +3 +5 \(3\) +4 \(3\) +4 \(3\) +3 \(3\)$", told, re.MULTILINE)
    assert "user 2  t 1767225602  2026-01-01 00:00:02 UTC  140.00 deposited at once; the limit is 100.00" in told
    assert EVIL in told


def test_a_terminal_is_shown_the_last_periods_and_told_of_the_others() -> None:
    told = printed(report_of(MOST_PERIODS + 9, compares=False))
    assert "the last 31 of 40" in told
    assert "\n2026-01-01 " not in told
    assert "\n2026-02-09 " in told


def test_nothing_to_judge_is_no_error() -> None:
    assert "0 events of 0 customers" in printed(EMPTY)


def test_with_80_columns_every_code_has_one_line() -> None:
    report = of_many(4)
    rows = [line for line in printed(report, 80).splitlines() if re.match(r"^\d+ +large.*\)$", line)]
    assert len(rows) == 4
    assert all(re.search(r"\d\)( +\d+ \(\d+\)){3}$", row) for row in rows)
    terms = re.compile(r"^4 .* a deposit above 96.00 ", re.MULTILINE)
    assert not terms.search(printed(report, 99))
    assert terms.search(printed(report, 100))


def of_many(codes: int) -> Report:
    """Return a report of so many codes against one other, each with as many alerts as its number."""
    rules = [above(code, 100 - code, "large deposit at once") for code in range(1, codes + 1)]
    tally = Tally(Calendar(), compares=True)
    for place in range(codes):
        event = deposit(f"{100 - place}.00", FIRST + place)
        tally.count(event, evaluate(rules, event, History()), evaluate(OLD[1:], event, History()))
    tally.end_user()
    return replace(
        REPORTS["against"],
        edition=Bench(edition=2, rules={rule.code: rule for rule in rules}),
        against=Bench(edition=1, rules={3: OLD[1]}),
        calendar=Calendar(),
        events_by_period=tally.events_by_period,
        series=tally.reports(),
    )


def test_eight_codes_have_a_colour_each_and_of_more_the_seven_with_the_most_alerts() -> None:
    eight, nine = of_many(8), of_many(9)
    assert [*Palette.of(eight).own] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [*Palette.of(nine).own] == [3, 4, 5, 6, 7, 8, 9]
    assert [*Palette.of(nine).others] == [1, 2]
    [_, figure] = alerts_by_period(nine)
    assert "2 others" in figure
    assert re.search(r"<title>2026-01-01: 3: 3; .*; 9: 9; 1: 1; 2: 2</title>", figure), figure
    assert heights(figure, "c7") == pytest.approx(heights(figure, "c0"), rel=0.01)


def test_gained_and_lost_are_shown_by_code() -> None:
    [_, figure] = difference_by_period(REPORTS["against"], 1)
    assert "<title>2026-01-02: 1: 1; 2: 3; 3: 3</title>" in figure
    assert {each for each in ("c0", "c1", "c2") if heights(figure, each)} == {"c0", "c1", "c2"}


def test_all_periods_are_told_of_both_editions() -> None:
    table = period_table(REPORTS["against"])
    assert re.findall(r"<th[^>]*>([^<]*)</th>", table) == [
        *("period", "events", "ed. 2", "ed. 1", "gained", "lost", "ed. 2: 1", "ed. 2: 2")
    ]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", table)[8:16] == [
        "2026-01-02",
        "3",
        "5 (3)",
        "4 (3)",
        "4 (3)",
        "3 (3)",
        "2 (2)",
        "3 (3)",
    ]


def test_all_codes_together_have_the_customers_with_any_alert() -> None:
    assert "all codes</td><td" in page(REPORTS["against"], MADE)
    assert re.search(r"^ +all codes +15 \(3\) +12 \(3\) +12 \(3\) +9 \(3\)$", printed(REPORTS["against"]), re.MULTILINE)
    assert document(REPORTS["alone"])["alerts"]["raised"]["all_codes"] == {"alerts": 15, "customers": 3}


def test_where_nothing_is_raised_a_sentence_stands_for_the_pictures() -> None:
    nothing = report_of(3, compares=False, new=[above(1, 10_000)])
    text = page(nothing, MADE)
    assert "<p>Nothing is raised.</p>" in text
    assert "<figure>" not in text


def test_where_nothing_differs_a_sentence_says_so() -> None:
    report = report_of(3, compares=True, new=OLD)
    assert difference_by_period(report, 1)[1] == "<p>No alert is gained and none is lost.</p>"


def test_an_edition_that_raises_nothing_has_no_empty_picture() -> None:
    report = report_of(3, compares=True, new=[above(1, 10_000)])
    assert alerts_by_period(report)[1] == "<p>Edition 2 raises nothing.</p>"
    assert "<figure>" in page(report, MADE)


def test_one_is_written_as_one() -> None:
    one = report_of(1, compares=False, users=1, new=[above(1, 10)])
    assert "1 event of 1 customer (" in printed(one)
    assert "0 customers have none" in page(one, MADE)
    assert "1 customer has none" in page(report_of(1, compares=False, users=2, new=[above(1, 100)]), MADE)


def test_a_bar_far_from_the_one_before_it_has_a_line_and_its_name() -> None:
    days = [*range(20), 10**6]
    tally = Tally(Calendar(), compares=False)
    for user_id, day in enumerate(days, 1):
        event = deposit("200", day * DAY, user_id)
        tally.count(event, evaluate(NEW, event, History()), ())
        tally.end_user()
    report = replace(REPORTS["alone"], events_by_period=tally.events_by_period, series=tally.reports())
    [_, figure] = alerts_by_period(report)
    assert figure.count('class="gap"') == 1
    assert ">day 1000000</text>" in figure
    assert "a dashed line stands for a long time without any" in figure


def test_periods_far_apart_are_never_one_bar() -> None:
    report = replace(REPORTS["alone"], events_by_period=dict.fromkeys([*range(500), 10**14], 1))
    assert [list(group) for group in groups(report)][-2:] == [[495, 496, 497, 498, 499], [10**14]]


def test_no_name_is_cut_off_and_all_categories_are_named() -> None:
    many_bars = [Bar(f"{n}", "2026-01-01", [Part(1, "x", "c0")]) for n in range(8)]
    for svg, count in ((chart("t", many_bars), 8), (chart("t", [*many_bars, *many_bars], names=16), 16)):
        names = re.findall(r'class="name" x="([\d.]+)" y="\d+" style="font-size: ([\d.]+)px">([^<]+)<', svg)
        assert len(names) == count
        half = [len(name) * pictures.LETTER * float(size) / 2 for _, size, name in names]
        ends = [(float(x) - each, float(x) + each) for (x, *_), each in zip(names, half, strict=True)]
        assert all(begin >= 0 and end <= pictures.WIDTH + 0.1 for begin, end in ends)
        assert all(one[1] <= next_one[0] for one, next_one in pairwise(ends))


def found(findings: Findings) -> str:
    out = Console(file=StringIO(), width=200, highlight=False)
    show_findings(findings, out)
    told: str = out.file.getvalue()  # type: ignore[attr-defined]  # as above
    return told


def test_findings_are_shown_by_edition_with_the_first_differences() -> None:
    findings = Findings(of_old=3, different=22, differences=[Difference(1, 9, "it [b]differs[/b]")] * 20)
    findings.events.update({1: 30, 2: 10})
    findings.agreeing.update({1: 10, 2: 10})
    told = found(findings)
    assert re.search(r"^ *1 +30 +10 +0 +0$", told, re.MULTILINE)
    assert told.count("user 1, t 9: it [b]differs[/b]") == 20
    assert "and 2 more" in told
    assert "3 events with codes from before alerts were kept" in told
    assert told.rstrip().endswith("22 differ: what is stored is not what these rules raise.")


def test_where_all_agree_that_is_said() -> None:
    findings = Findings()
    findings.events[1] = findings.agreeing[1] = 5
    assert found(findings).rstrip().endswith("All 5 events agree.")


def test_an_edition_without_the_code_of_the_other_still_shows_its_rule() -> None:
    report = replace(REPORTS["against"], edition=Bench(edition=2, rules={}))
    assert report.rule(3).terms == "a deposit above 10.00"
