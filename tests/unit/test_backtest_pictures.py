"""The pictures of a report: as high as what they show, whole at every width."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from app.backtest import pictures
from app.backtest.domain import DAY, Calendar
from app.backtest.figures import MOST_BARS, code_by_code, customers, groups, over_time
from app.backtest.pictures import LARGE, NARROW, SMALL, Bar, Part, Size, chart, tick_step
from app.backtest.tally import Tally
from app.rules.engine import evaluate
from app.rules.history import History
from tests.unit.backtest_reports import FIRST, NEW, REPORTS, above, of_many, report_of
from tests.unit.builders import deposit
from tests.unit.markup import read


def heights(svg: str, kind: str) -> float:
    return sum(float(height) for height in re.findall(rf'class="{kind}"[^>]* height="([\d.]+)"', svg))


def test_bars_are_as_high_as_their_values() -> None:
    up, down = [Part(30, "kept"), Part(10, "gained")], [Part(20, "lost")]
    svg = chart("some", [Bar("a: 40", "a", up, down), Bar("b: nothing", "b", [Part(0, "kept")])])
    read(svg)
    high = heights(svg, "kept")
    assert heights(svg, "gained") == pytest.approx(high / 3, abs=0.02)
    assert heights(svg, "lost") == pytest.approx(high * 2 / 3, abs=0.02)
    assert "<title>a: 40</title>" in svg
    assert "<title>b: nothing</title>" in svg
    inside = [float(y) + float(h) for y, h in re.findall(r' y="([\d.]+)" width="[\d.]+%" height="([\d.]+)"', svg)]
    assert len(inside) == 3
    assert all(pictures.TOP <= end <= pictures.TOP + LARGE.height + 0.1 for end in inside)


@pytest.mark.parametrize(
    ("greatest", "step"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (21, 10), (600, 200), (10**9, 5 * 10**8)]
)
def test_the_values_at_the_left_are_round_and_few(greatest: int, step: int) -> None:
    assert tick_step(greatest, LARGE.steps) == step


@pytest.mark.parametrize("days", [1, MOST_BARS, MOST_BARS + 1, 1499])
def test_no_bar_is_too_thin_to_be_seen_and_no_period_is_left_out(days: int) -> None:
    report = report_of(days, compares=False)
    found = groups(report)
    assert len(found) <= MOST_BARS
    assert [period for group in found for period in group] == [FIRST // DAY + day for day in range(days)]


def test_a_period_far_from_the_others_hides_none_of_them() -> None:
    report = replace(REPORTS["alone"], events_by_period={1: 1, 2: 1, 5: 1, 10**14: 1})
    assert [list(group) for group in groups(report)] == [[1], [2], [5], [10**14]]


def test_every_code_has_a_picture_however_many_there_are() -> None:
    drawn = "".join(code_by_code(of_many(20)))
    assert re.findall(r"<figcaption>(\d+) large deposit at once<", drawn) == [str(code) for code in range(1, 21)]
    assert "Without any alert" not in drawn


def test_a_code_without_alerts_is_named_and_has_no_empty_picture() -> None:
    report = report_of(3, compares=False, new=[above(1, 100), above(7, 10_000), above(8, 10_000)])
    drawn = "".join(code_by_code(report))
    assert "Without any alert: 7, 8." in drawn
    assert drawn.count("<figure>") == 1


def test_gained_and_lost_are_shown_by_code_and_by_rate() -> None:
    [_, figure] = over_time(REPORTS["against"])
    said = "5 alerts on 3 events, 1,666.7 per 1,000 events; 4 gained, 3 lost"
    assert f"<title>2026-01-02: {said}</title>" in figure
    assert heights(figure, "gained") == pytest.approx(4 * heights(figure, "kept"), rel=0.01)
    assert heights(figure, "lost") == pytest.approx(3 * heights(figure, "kept"), rel=0.01)
    [_, figures, _] = code_by_code(REPORTS["against"])
    of_two = figures.split("<figure>")[2]
    assert "2026-01-02: 3 alerts on 3 events, 1,000.0 per 1,000 events; 3 gained, 0 lost" in of_two
    assert not heights(of_two, "kept")


def test_customers_are_told_with_their_share() -> None:
    text = "".join(customers(REPORTS["against"]))
    rows = re.findall(r'<th scope="row">([^<]+)</th>.*?<td>(.*?)</td><td>(.*?)</td>', text)
    assert rows == [
        ("3 to 5", "1 <small>33%</small>", "2 <small>67%</small>"),
        ("6 to 10", "2 <small>67%</small>", "1 <small>33%</small>"),
    ]


def test_an_edition_that_raises_nothing_shows_what_is_lost() -> None:
    report = report_of(3, compares=True, new=[above(1, 10_000)])
    [_, figure] = over_time(report)
    assert heights(figure, "lost") > 0
    assert not heights(figure, "kept")


def test_a_bar_far_from_the_one_before_it_has_a_line_and_its_name() -> None:
    days = [*range(20), 10**6]
    tally = Tally(Calendar(), compares=False)
    for user_id, day in enumerate(days, 1):
        event = deposit("200", day * DAY, user_id)
        tally.count(event, evaluate(NEW, event, History()), ())
        tally.end_user()
    report = replace(REPORTS["alone"], events_by_period=tally.events_by_period, series=tally.reports())
    [_, figure] = over_time(report)
    assert figure.count('class="gap"') == 1
    assert ">day 1000000</text>" in figure
    assert "a dashed line stands for a long time without any" in figure


def test_periods_far_apart_are_never_one_bar() -> None:
    report = replace(REPORTS["alone"], events_by_period=dict.fromkeys([*range(500), 10**14], 1))
    assert [list(group) for group in groups(report)][-2:] == [[495, 496, 497, 498, 499], [10**14]]


LABELS = ["2026-01-01", "day 20000", "day 106751991167300"]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("count", [1, 2, 7, 8, 60, 120])
@pytest.mark.parametrize("label", LABELS)
def test_no_name_is_cut_off_or_overlaps_another_on_any_width(label: str, count: int, size: Size) -> None:
    bars = [
        Bar("x", label, [Part(1, "kept")], apart=count > 60 and place in {1, 2, 64, count - 2})
        for place in range(count)
    ]
    drawn = re.findall(r'<text( class="roomy")? x="([\d.]+)%" y="\d+" text-anchor="(\w+)">', chart("t", bars, size))
    for across in (size.across, NARROW):
        shown = [(float(x) / 100 * across, anchor) for roomy, x, anchor in drawn if across > NARROW or not roomy]
        width = len(label) * pictures.LETTER
        ends = [(x - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]) for x, anchor in shown]
        assert ends
        assert all(-0.1 <= begin <= across - width + 0.1 for begin in ends)
        assert all(begin + width <= following + 0.1 for begin, following in pairwise(ends))
