"""A report as JSON, for programs: the same question of the same data has the same document."""

from collections import defaultdict
from typing import Any

from app.backtest.domain import format_players
from app.backtest.reports import Count, EditionRules, Report, Series, SeriesReport, bound_label
from app.backtest.summary import rate, sentence
from app.rulebook.differences import differences


def document(report: Report) -> dict[str, Any]:
    """Return the members of the document."""
    rules = {code: report.rule(code) for code in report.codes}
    return {
        "summary": sentence(report),
        "edition": report.edition.number,
        "against": report.against and report.against.number,
        "changes": changes(report.edition, report.against),
        "since": report.scope.since,
        "until": report.scope.until,
        "users": format_players(report.scope.players),
        "events": report.events,
        "players": report.players,
        "customers": report.players,  # as before 0.2; so are `customers` and `customers_by_alerts` below
        "groups": report.groups and {"kept": report.groups.kept, "when_received": report.groups.when_received},
        "rules": {str(code): {"name": rule.name, "terms": rule.condition} for code, rule in rules.items()},
        "alerts": {series.value: _series(found, report.events) for series, found in report.series.items()},
        "periods": _periods(report),
    }


def changes(edition: EditionRules, against: EditionRules | None) -> list[str]:
    """Describe how the edition differs from the other one."""
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
    players_by_alerts = {bound_label(bound): count for bound, count in found.players_by_alerts.items()}
    return {
        "all_codes": _rated(found.total, events),
        "codes": {str(code): _rated(count, events) for code, count in found.codes.items()},
        "players_by_alerts": players_by_alerts,
        "customers_by_alerts": players_by_alerts,
        "samples": {
            str(code): [
                {"user_id": each.user_id, **each.event._asdict(), "sentence": each.sentence} for each in samples
            ]
            for code, samples in found.samples.items()
        },
    }


def _count(count: Count) -> dict[str, int]:
    return {"alerts": count.alerts, "fresh": count.fresh, "players": count.players, "customers": count.players}


def _rated(count: Count, events: int) -> dict[str, int | float]:
    return {**_count(count), "alerts_per_1000_events": round(rate(count.alerts, events), 3)}
