"""A report that is stored with its job is read back as the same value, and has a bound."""

import json
from dataclasses import replace

import pytest

from app.backtest.jobs import stored
from app.backtest.jobs.domain import MAX_DETAILS
from app.backtest.jobs.stored import ReportTooLong
from app.backtest.reports import GroupsUsed, Report
from tests.backtest_reports import EMPTY, REPORTS, above, report_of


@pytest.mark.parametrize(
    "report",
    [*REPORTS.values(), EMPTY, replace(REPORTS["alone"], groups=GroupsUsed(kept=3, when_received=4))],
    ids=[*REPORTS, "empty", "with groups"],
)
def test_a_report_is_read_back_equal(report: Report) -> None:
    assert stored.read(json.loads(json.dumps(stored.write(report)))) == report


def test_a_report_of_very_many_days_and_codes_goes_without_what_each_code_raised_when() -> None:
    report = report_of(400, compares=True, new=[above(code, 1) for code in range(1, 60)])
    assert sum(len(each.details) for each in report.series.values()) > MAX_DETAILS
    kept = stored.read(stored.write(report))
    assert not any(each.details for each in kept.series.values())
    assert kept.of_all_codes() == report.of_all_codes()
    assert [kept.by_period(each) for each in kept.periods] == [report.by_period(each) for each in report.periods]


def test_a_report_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAX_REPORT", 100)
    with pytest.raises(ReportTooLong, match="longer than"):
        stored.write(REPORTS["alone"])
