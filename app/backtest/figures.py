"""The pictures of a report, each with its title and its legend, as HTML."""

from collections.abc import Iterable, Sequence
from html import escape

from app.backtest.domain import MOST_PERIODS
from app.backtest.pictures import Bar, Part, chart
from app.backtest.reports import BOUNDS, NONE, Report, Series, name_of_bound

MOST_BARS = 120
COLOURS = 8  # that the page's style has; codes beyond these share the last one


def alerts_by_period(report: Report) -> list[str]:
    """Draw the alerts of each code over time."""
    codes = list(report.edition.rules)
    bars = []
    for group in groups(report):
        counts = [sum(_alerts(report, Series.RAISED, period, code) for period in group) for code in codes]
        parts = [
            Part(count, str(code), _colour(place))
            for place, (code, count) in enumerate(zip(codes, counts, strict=True))
        ]
        bars.append(Bar(_name(report, group), parts))
    legend = [(_colour(place), f"{code} {report.edition.rules[code].name}") for place, code in enumerate(codes)]
    return _figure(f"Alerts {_per(report)}", bars, legend)


def difference_by_period(report: Report) -> list[str]:
    """Draw what is gained and lost over time."""
    bars = []
    for group in groups(report):
        gained, lost = (
            sum(report.series[series].periods.get(period, NONE).alerts for period in group)
            for series in (Series.GAINED, Series.LOST)
        )
        bars.append(Bar(_name(report, group), [Part(gained, "gained", "c2")], [Part(lost, "lost", "c3")]))
    return _figure(
        f"Alerts gained and lost {_per(report)}", bars, [("c2", "gained, upwards"), ("c3", "lost, downwards")]
    )


def customers(report: Report) -> list[str]:
    """Draw how many customers have how many alerts."""
    ours = report.series[Series.RAISED].customers_by_alerts
    theirs = report.series[Series.AGAINST].customers_by_alerts if report.against else {}
    bars = [
        Bar(
            name_of_bound(bound),
            [Part(ours.get(bound, 0), f"edition {report.edition.edition}: customers", "c0")],
            [Part(theirs.get(bound, 0), f"edition {report.against.edition}: customers", "c1")]
            if report.against
            else [],
        )
        for bound in BOUNDS[1 : 1 + max(map(BOUNDS.index, ours.keys() | theirs.keys()))]
    ]
    legend = [("c0", f"edition {report.edition.edition}: {ours.get(0, 0):,} customers have none")]
    if report.against:
        legend.append(("c1", f"edition {report.against.edition}, downwards: {theirs.get(0, 0):,} customers have none"))
    return _figure("Customers by number of alerts", bars, legend)


def _alerts(report: Report, series: Series, period: int, code: int) -> int:
    return report.series[series].details.get((period, code), NONE).alerts


def groups(report: Report) -> list[Sequence[int]]:
    """Put neighbouring periods together, so that no bar is too thin to be seen.

    Periods without events have their place, unless there are so many that nothing else would be seen.
    """
    first, last = report.periods[0], report.periods[-1]
    periods = range(first, last + 1) if last - first < MOST_PERIODS else report.periods
    size = -(-len(periods) // MOST_BARS)
    return [periods[begin : begin + size] for begin in range(0, len(periods), size)]


def _per(report: Report) -> str:
    days = len(groups(report)[0]) * report.calendar.days
    return "per day" if days == 1 else f"per {days} days"


def _name(report: Report, group: Sequence[int]) -> str:
    first, last = report.calendar.name(group[0]), report.calendar.name(group[-1])
    return first if first == last else f"{first.partition(' to ')[0]} …"


def _colour(place: int) -> str:
    return f"c{min(place, COLOURS - 1)}"


def _figure(title: str, bars: Sequence[Bar], legend: Iterable[tuple[str, str]]) -> list[str]:
    key = '<svg viewBox="0 0 1 1" aria-hidden="true"><rect class="{}" width="1" height="1"/></svg>'
    entries = "".join(f"<li>{key.format(colour)}{escape(text)}</li>" for colour, text in legend)
    return [f"<h2>{title}</h2>", f'<figure>{chart(title, bars)}<ul class="legend">{entries}</ul></figure>']
