"""The charts of the page: alerts over time, of all codes and code by code.

A class of the style sheet means one thing in all of them, and so do its colour and its pattern.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.backtest.domain import MAX_PERIODS
from app.backtest.reports import NO_ALERTS, Report, Series, plural
from app.backtest.summary import rate_per_events
from lib.pages.charts import Bar, Chart, Segment, bar_chart
from lib.pages.scale import LARGE, SMALL, Size

MAX_BARS = 120
LONG_GAP = MAX_BARS  # periods without events that are left out, with a line in their place

KEPT, GAINED, LOST, PLAYERS, PLAYERS_AGAINST = "kept", "gained", "lost", "players", "players-against"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCharts:
    """The chart of all codes, and one for each code that has alerts, with its name.

    `each` says what a bar stands for, such as "per day"; `silent` are the codes without any alert.
    """

    each: str
    note: str
    of_all_codes: Chart
    by_code: Sequence[tuple[str, Chart]]
    silent: Sequence[int]


def alert_charts(report: Report) -> AlertCharts:
    """Draw the alerts over time."""
    each = _each(report)
    raised = [code for code in report.codes if any(count.alerts for count in report.by_code(code))]
    names = {code: f"{code} {report.rule(code).name}" for code in raised}
    return AlertCharts(
        each=each,
        note=" ".join(_notes(report)),
        of_all_codes=_chart(report, f"Alerts {each}", None, LARGE),
        by_code=[(name, _chart(report, f"{name}: alerts {each}", code, SMALL)) for code, name in names.items()],
        silent=[code for code in report.codes if code not in names],
    )


def _each(report: Report) -> str:
    days = len(bar_periods(report)[0]) * report.calendar.days
    return "per day" if days == 1 else f"per {days} days"


def _notes(report: Report) -> Iterator[str]:
    if report.against:
        yield f"Upwards: what edition {report.edition.number} raises."
        yield f"Downwards: what only edition {report.against.number} raises."
    if _is_sparse(report):
        yield "Only a time with events has a bar; a dashed line stands for a long time without any."


def _chart(report: Report, title: str, code: int | None, size: Size) -> Chart:
    """Draw the alerts of a code; None: of all codes together."""
    bars: list[Bar] = []
    end: int | None = None
    for periods in bar_periods(report):
        alerts = {series: _alerts(report, series, periods, code) for series in report.series}
        name, label = _names(report, periods)
        after_gap = end is not None and periods[0] - end > LONG_GAP
        bars.append(Bar(f"{name}: {_described(report, periods, alerts)}", label, *_segments(alerts), after_gap))
        end = periods[-1]
    return bar_chart(title, bars, size)


def _alerts(report: Report, series: Series, periods: Sequence[int], code: int | None) -> int:
    found = report.series[series]
    if code is None:
        return sum(found.periods.get(period, NO_ALERTS).alerts for period in periods)
    return sum(found.details.get((period, code), NO_ALERTS).alerts for period in periods)


def _segments(alerts: Mapping[Series, int]) -> tuple[Sequence[Segment], Sequence[Segment]]:
    """Return what is drawn upwards and what downwards."""
    gained, lost = alerts.get(Series.GAINED, 0), alerts.get(Series.LOST, 0)
    return (Segment(alerts[Series.RAISED] - gained, KEPT), Segment(gained, GAINED)), (Segment(lost, LOST),)


def _described(report: Report, periods: Sequence[int], alerts: Mapping[Series, int]) -> str:
    events, raised = sum(report.events_by_period.get(period, 0) for period in periods), alerts[Series.RAISED]
    described = f"{plural(raised, 'alert')} on {plural(events, 'event')}, {rate_per_events(raised, events)}"
    if report.against is None:
        return described
    return f"{described}; {alerts[Series.GAINED]:,} gained, {alerts[Series.LOST]:,} lost"


def _names(report: Report, periods: Sequence[int]) -> tuple[str, str]:
    """Return the full name of a bar, and its label: when it begins."""
    first, last = report.calendar.name(periods[0]), report.calendar.name(periods[-1])
    begins = first.partition(" to ")[0]
    return first if first == last else f"{begins} to {last.rpartition(' to ')[2]}", begins


def bar_periods(report: Report) -> list[Sequence[int]]:
    """Return the periods of each bar: neighbours are combined, so that no bar is too thin to be seen.

    A period without events has its place, unless there are so many that nothing else would be seen.
    """
    runs = _runs(report)
    size = -(-sum(map(len, runs)) // MAX_BARS)
    return [run[begin : begin + size] for run in runs for begin in range(0, len(run), size)]


def _runs(report: Report) -> list[Sequence[int]]:
    """Cut the time at long gaps, but not where there are so many gaps that each run would be a bar of its own."""
    periods = report.periods
    if not _is_sparse(report):
        return [range(periods[0], periods[-1] + 1)]
    cuts = [place for place in range(1, len(periods)) if periods[place] - periods[place - 1] > LONG_GAP]
    if len(cuts) > MAX_BARS // 2:
        return [periods]
    return [periods[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(periods)], strict=True)]


def _is_sparse(report: Report) -> bool:
    return report.periods[-1] - report.periods[0] >= MAX_PERIODS
