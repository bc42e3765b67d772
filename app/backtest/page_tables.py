"""Tables of the page as plain values: all periods, and players by their number of alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.backtest.page_charts import PLAYERS, PLAYERS_AGAINST
from app.backtest.reports import BOUNDS, NO_ALERTS, Report, Series, bound_label
from app.backtest.summary import PER, format_rate
from app.backtest.tables import FRESH, RATED, column_names, format_count


@dataclass(frozen=True, slots=True)
class PeriodTable:
    """A row for each period; some headings stand twice, above a count and above its rate."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def period_table(report: Report) -> PeriodTable:
    """Return the table of all periods: all codes together with their rate, then each code of the edition."""
    return PeriodTable(list(_headings(report)), [list(_cells(report, period)) for period in report.periods])


def _headings(report: Report) -> Iterator[str]:
    yield from ("period", "events")
    for series, name in zip(report.series, column_names(report), strict=True):
        yield name
        if series in RATED:
            yield FRESH
            yield f"per {PER:,}"
    for code in report.edition.rules:
        yield f"ed. {report.edition.number}: {code}" if report.against else str(code)


def _cells(report: Report, period: int) -> Iterator[str]:
    events = report.events_by_period[period]
    yield report.calendar.name(period).replace(" to ", "\nto ")  # two lines where the page is narrow
    yield f"{events:,}"
    for series, found in report.series.items():
        count = found.periods.get(period, NO_ALERTS)
        yield format_count(count)
        if series in RATED:
            yield f"{count.fresh:,}"
            yield format_rate(count.alerts, events)
    details = report.series[Series.RAISED].details
    for code in report.edition.rules:
        yield format_count(details.get((period, code), NO_ALERTS))


@dataclass(frozen=True, slots=True)
class PlayerRow:
    """Players with so many alerts: how many by each edition, and as bars (class, percent of the longest bar)."""

    alerts: str
    counts: Sequence[int]
    bars: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class PlayerTable:
    """The editions, each with the class of its bars, and a row for each number of alerts."""

    editions: Sequence[tuple[str, int]]
    rows: Sequence[PlayerRow]


def player_table(report: Report) -> PlayerTable:
    """Return how many players have how many alerts by each edition. Rows without players in between are kept."""
    editions = [(PLAYERS, report.edition.number)]
    found = [report.series[Series.RAISED].players_by_alerts]
    if report.against:
        editions.append((PLAYERS_AGAINST, report.against.number))
        found.append(report.series[Series.AGAINST].players_by_alerts)
    present = sorted(BOUNDS.index(bound) for bound in set().union(*found))
    longest = max(max(each.values()) for each in found)
    rows = []
    for bound in BOUNDS[present[0] : present[-1] + 1]:
        counts = [each.get(bound, 0) for each in found]
        bars = [(kind, round(100 * count / longest, 2)) for (kind, _), count in zip(editions, counts, strict=True)]
        rows.append(PlayerRow(bound_label(bound) if bound else "none", counts, bars))
    return PlayerTable(editions, rows)
