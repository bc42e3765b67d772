"""The charts of a report show every period and every code, and nothing else."""

from dataclasses import replace

import pytest

from app.backtest.domain import DAY, Calendar
from app.backtest.page_charts import GAINED, KEPT, LOST, MAX_BARS, alert_charts, bar_periods
from app.backtest.page_tables import player_table
from app.backtest.tally import Tally
from app.rules.engine import evaluate
from app.rules.history import History
from lib.pages.charts import Chart
from tests.backtest_reports import FIRST, NEW, REPORTS, above, of_many, report_of
from tests.builders import deposit


def height(chart: Chart, kind: str) -> float:
    return sum(each.height for column in chart.columns for each in column.rectangles if each.kind == kind)


@pytest.mark.parametrize("days", [1, MAX_BARS, MAX_BARS + 1, 1499])
def test_every_bar_is_visible_and_every_period_shown(days: int) -> None:
    report = report_of(days, compares=False)
    found = bar_periods(report)
    assert len(found) <= MAX_BARS
    assert [period for periods in found for period in periods] == [FIRST // DAY + day for day in range(days)]


def test_an_outlying_period_hides_no_other() -> None:
    report = replace(REPORTS["alone"], events_by_period={1: 1, 2: 1, 5: 1, 10**14: 1})
    assert [list(periods) for periods in bar_periods(report)] == [[1], [2], [5], [10**14]]


def test_distant_periods_are_never_merged() -> None:
    report = replace(REPORTS["alone"], events_by_period=dict.fromkeys([*range(500), 10**14], 1))
    assert [list(periods) for periods in bar_periods(report)][-2:] == [[495, 496, 497, 498, 499], [10**14]]


def test_every_code_has_a_chart_however_many_there_are() -> None:
    charts = alert_charts(of_many(20))
    assert [name for name, _ in charts.by_code] == [f"{code} large deposit at once" for code in range(1, 21)]
    assert charts.silent == []


def test_a_code_without_alerts_is_named_and_has_no_empty_chart() -> None:
    charts = alert_charts(report_of(3, compares=False, new=[above(1, 100), above(7, 10_000), above(8, 10_000)]))
    assert charts.silent == [7, 8]
    assert [name for name, _ in charts.by_code] == ["1 large"]


def test_gained_and_lost_are_shown_by_code_and_by_rate() -> None:
    charts = alert_charts(REPORTS["against"])
    whole = charts.of_all_codes
    described = "5 alerts on 3 events, 1,666.7 per 1,000 events; 4 gained, 3 lost"
    assert whole.columns[1].title == f"2026-01-02: {described}"
    assert height(whole, GAINED) == pytest.approx(4 * height(whole, KEPT), rel=0.01)
    assert height(whole, LOST) == pytest.approx(3 * height(whole, KEPT), rel=0.01)
    _, of_two = charts.by_code[1]
    described = "3 alerts on 3 events, 1,000.0 per 1,000 events; 3 gained, 0 lost"
    assert of_two.columns[1].title == f"2026-01-02: {described}"
    assert not height(of_two, KEPT)


def test_an_edition_that_raises_nothing_shows_what_is_lost() -> None:
    whole = alert_charts(report_of(3, compares=True, new=[above(1, 10_000)])).of_all_codes
    assert height(whole, LOST) > 0
    assert not height(whole, KEPT)


def test_a_bar_after_a_long_gap_has_a_line_and_its_label() -> None:
    days = [*range(20), 10**6]
    tally = Tally(Calendar(), compares=False)
    for user_id, day in enumerate(days, 1):
        event = deposit("200", day * DAY, user_id)
        tally.count(event, evaluate(NEW, event, History()), ())
        tally.end_player()
    report = replace(REPORTS["alone"], events_by_period=tally.events_by_period, series=tally.reports())
    charts = alert_charts(report)
    assert [column.after_gap for column in charts.of_all_codes.columns] == [False] * 20 + [True]
    assert charts.of_all_codes.labels[-1].text == "day 1000000"
    assert "a dashed line stands for a long time without any" in charts.note


def test_players_are_grouped_by_their_number_of_alerts() -> None:
    table = player_table(REPORTS["against"])
    assert table.editions == [("players", 2), ("players-against", 1)]
    assert [(row.alerts, row.counts) for row in table.rows] == [("3 to 5", [1, 2]), ("6 to 10", [2, 1])]
    assert [share for row in table.rows for _, share in row.bars] == [50.0, 100.0, 100.0, 50.0]
