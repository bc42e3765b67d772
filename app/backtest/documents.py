"""A report as JSON holds it: for machines, and the same for the same question and the same state of the database."""

from collections import defaultdict
from typing import Any

from app.backtest.domain import written_users
from app.backtest.reports import Bench, Count, Report, Series, SeriesReport, name_of_bound
from app.backtest.summary import rate, sentence
from app.rulebook.differences import differences


def document(report: Report) -> dict[str, Any]:
    """Return the members of the document."""
    rules = {code: report.rule(code) for code in report.codes}
    return {
        "summary": sentence(report),
        "edition": report.edition.edition,
        "against": report.against and report.against.edition,
        "changes": changes(report.edition, report.against),
        "since": report.scope.since,
        "until": report.scope.until,
        "users": written_users(report.scope.users),
        "events": report.events,
        "customers": report.customers,
        "rules": {str(code): {"name": rule.name, "terms": rule.terms} for code, rule in rules.items()},
        "alerts": {series.value: _series(found, report.events) for series, found in report.series.items()},
        "periods": _periods(report),
    }


def changes(edition: Bench, against: Bench | None) -> list[str]:
    """Say in words how the edition differs from the other one."""
    return differences(list(against.rules.values()), list(edition.rules.values())) if against else []


def _periods(report: Report) -> list[dict[str, Any]]:
    codes: defaultdict[tuple[int, Series], dict[str, dict[str, int]]] = defaultdict(dict)
    for series, found in report.series.items():
        for (period, code), count in found.details.items():
            codes[period, series][str(code)] = _count(count)
    return [
        {
            "name": report.calendar.name(period),
            "first_t": report.calendar.begins(period),
            "events": report.events_by_period[period],
            "alerts": {
                series.value: {**_rated(count, report.events_by_period[period]), "codes": codes[period, series]}
                for series, count in zip(report.series, report.by_period(period), strict=True)
            },
        }
        for period in report.periods
    ]


def _series(found: SeriesReport, events: int) -> dict[str, Any]:
    return {
        "all_codes": _rated(found.total, events),
        "codes": {str(code): _rated(count, events) for code, count in found.codes.items()},
        "customers_by_alerts": {name_of_bound(bound): count for bound, count in found.customers_by_alerts.items()},
        "samples": {
            str(code): [{"user_id": each.user_id, "t": each.t, "sentence": each.sentence} for each in samples]
            for code, samples in found.samples.items()
        },
    }


def _count(count: Count) -> dict[str, int]:
    return {"alerts": count.alerts, "customers": count.customers}


def _rated(count: Count, events: int) -> dict[str, int | float]:
    return {**_count(count), "alerts_per_1000_events": round(rate(count.alerts, events), 3)}
