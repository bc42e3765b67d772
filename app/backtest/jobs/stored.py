"""A report as it is stored with its job, and read back as the same value."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.backtest.domain import Calendar, PlayerRange, Scope
from app.backtest.jobs.domain import MAX_DETAILS, MAX_REPORT
from app.backtest.reports import Count, EditionRules, GroupsUsed, Report, Sample, Series, SeriesReport
from app.rulebook.forms import format_rules, parse_rules
from app.rules.event import EventRef

Plain = dict[str, Any]


class ReportTooLong(Exception):
    """A report is longer than a job may keep."""

    def __init__(self, size: int) -> None:
        super().__init__(f"its report is longer than {MAX_REPORT // 1024:,} KB ({size // 1024:,} KB)")


def write(report: Report) -> Plain:
    """Return a report as JSON; one with very many periods and codes goes without what each code raised in each.

    Raises `ReportTooLong`.
    """
    plain = _plain(within_bounds(report))
    if (size := len(json.dumps(plain))) > MAX_REPORT:
        raise ReportTooLong(size)
    return plain


def within_bounds(report: Report) -> Report:
    """Return the report without its details by period and code if there are too many."""
    if sum(len(found.details) for found in report.series.values()) <= MAX_DETAILS:
        return report
    return replace(report, series={name: replace(found, details={}) for name, found in report.series.items()})


def _plain(report: Report) -> Plain:
    return {
        "edition": _edition(report.edition),
        "against": report.against and _edition(report.against),
        "since": report.scope.since,
        "until": report.scope.until,
        "players_asked": [[each.first, each.last] for each in report.scope.players],
        "days": report.calendar.days,
        "events": report.events,
        "players": report.players,
        "events_by_period": _pairs(report.events_by_period),
        "series": {series.value: _series(found) for series, found in report.series.items()},
        "groups": report.groups and [report.groups.kept, report.groups.when_received],
    }


def _edition(edition: EditionRules) -> Plain:
    return {"number": edition.number, "rules": format_rules(list(edition.rules.values()))}


def _pairs(counts: Mapping[int, int]) -> list[list[int]]:
    return [[key, count] for key, count in counts.items()]


def _count(count: Count) -> list[int]:
    return [count.alerts, count.players, count.fresh]


def _series(found: SeriesReport) -> Plain:
    return {
        "codes": [[code, *_count(count)] for code, count in found.codes.items()],
        "periods": [[period, *_count(count)] for period, count in found.periods.items()],
        "details": [[*key, *_count(count)] for key, count in found.details.items()],
        "samples": [
            [code, [[each.user_id, *each.event, each.sentence] for each in samples]]
            for code, samples in found.samples.items()
        ],
        "players_by_alerts": _pairs(found.players_by_alerts),
    }


def read(plain: Mapping[str, Any]) -> Report:
    """Return the report that was written."""
    players = tuple(PlayerRange(*each) for each in plain["players_asked"])
    return Report(
        edition=_read_edition(plain["edition"]),
        against=plain["against"] and _read_edition(plain["against"]),
        scope=Scope(since=plain["since"], until=plain["until"], players=players),
        calendar=Calendar(plain["days"]),
        events=plain["events"],
        players=plain["players"],
        events_by_period=_read_pairs(plain["events_by_period"]),
        series={each: _read_series(plain["series"][each]) for each in Series if each in plain["series"]},  # in order
        groups=plain["groups"] and GroupsUsed(kept=plain["groups"][0], when_received=plain["groups"][1]),
    )


def _read_edition(plain: Mapping[str, Any]) -> EditionRules:
    return EditionRules(number=plain["number"], rules={rule.code: rule for rule in parse_rules(plain["rules"])})


def _read_pairs(pairs: Iterable[list[int]]) -> dict[int, int]:
    return {pair[0]: pair[1] for pair in pairs}


def _read_series(plain: Mapping[str, Any]) -> SeriesReport:
    return SeriesReport(
        codes={code: Count(*count) for code, *count in plain["codes"]},
        periods={period: Count(*count) for period, *count in plain["periods"]},
        details={(period, code): Count(*count) for period, code, *count in plain["details"]},
        samples={code: [_read_sample(each) for each in samples] for code, samples in plain["samples"]},
        players_by_alerts=_read_pairs(plain["players_by_alerts"]),
    )


def _read_sample(plain: list[Any]) -> Sample:
    user_id, *event, sentence = plain
    return Sample(user_id, EventRef(*event), sentence)
