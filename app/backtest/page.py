"""A report as one HTML file with charts, in light and in dark; a browser loads nothing else to show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.backtest.documents import changes
from app.backtest.domain import format_time
from app.backtest.page_charts import GAINED, KEPT, LOST, PLAYERS, PLAYERS_AGAINST, alert_charts
from app.backtest.page_tables import period_table, player_table
from app.backtest.reports import Report, Series, plural
from app.backtest.summary import format_share, rate_per_events, sentence
from app.backtest.tables import CAPTION, column_names, groups_line, heading, scope_line
from lib.pages.environment import page_environment

COLOURS = {Series.GAINED: GAINED, Series.LOST: LOST}

FILTERS = {"plural": plural, "rate": rate_per_events, "share": format_share, "time": format_time}
TEMPLATES = page_environment("app.backtest")
TEMPLATES.filters |= FILTERS


@dataclass(frozen=True, slots=True)
class Named:
    """A class of the style sheet, None where there is no colour, and the words beside its swatch."""

    kind: str | None
    words: str


def render(report: Report, made: datetime) -> str:
    """Return the text of the file. `made` is the time of day in UTC that it shows."""
    return TEMPLATES.get_template("backtest/page.html.j2").render(made=made, **contents(report))


def contents(report: Report) -> dict[str, Any]:
    """Return what a page shows of a report, by the names that templates know; the console shows the same."""
    has_alerts = any(found.codes for found in report.series.values())
    return {
        "report": report,
        "heading": heading(report),
        "sentence": sentence(report),
        "scope": scope_line(report),
        "groups": groups_line(report),
        "changes": changes(report.edition, report.against),
        "legend": list(_legend(report)),
        "columns": list(_columns(report)),
        "alerts": alert_charts(report) if has_alerts else None,
        "players": player_table(report) if has_alerts else None,
        "periods": period_table(report),
        "caption": CAPTION,
        "sampled": _sampled(report),
    }


def _legend(report: Report) -> Iterator[Named]:
    """Say what each colour and pattern means, once for the whole page."""
    edition = f"edition {report.edition.number}"
    if report.against is None:
        yield Named(KEPT, f"alerts of {edition}")
        yield Named(PLAYERS, f"players, by {edition}")
        return
    against = f"edition {report.against.number}"
    yield Named(KEPT, "alerts that both editions raise")
    yield Named(GAINED, f"gained: alerts that only {edition} raises")
    yield Named(LOST, f"lost: alerts that only {against} raises, drawn downwards")
    yield Named(PLAYERS, f"players, by {edition}")
    yield Named(PLAYERS_AGAINST, f"players, by {against}")


def _columns(report: Report) -> Iterator[Named]:
    """Name the columns of the codes. Of two editions, the alerts of one are drawn in two colours, so they have none."""
    for series, name in zip(report.series, column_names(report), strict=True):
        yield Named(COLOURS.get(series) if report.against else KEPT, name)


def _sampled(report: Report) -> Sequence[Series]:
    """Return the series of which samples are shown."""
    shown = (Series.GAINED, Series.LOST) if report.against else (Series.RAISED,)
    return [series for series in shown if report.series[series].samples]
