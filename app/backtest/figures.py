"""The pictures of a report, as HTML. A colour means one thing in all of them, and so does a pattern."""

from collections.abc import Mapping, Sequence
from html import escape

from app.backtest.domain import MOST_PERIODS
from app.backtest.pictures import LARGE, SMALL, Bar, Part, Size, chart
from app.backtest.reports import BOUNDS, NONE, Report, Series, many, name_of_bound
from app.backtest.summary import PER_EVENTS, written_rate, written_share

MOST_BARS = 120
FAR = MOST_BARS  # periods without events after which a line is drawn
EVERY_CODE = None  # all codes together

# What the colours mean: the class of the page's style, and how that class is told of.
KEPT, GAINED, LOST, OURS, THEIRS = "kept", "gained", "lost", "ours", "theirs"


def legend(report: Report) -> str:
    """Tell what each colour and pattern means, once for the whole page."""
    edition = f"edition {report.edition.edition}"
    entries = [(KEPT, f"alerts of {edition}"), (OURS, f"customers, by {edition}")]
    if report.against:
        other = f"edition {report.against.edition}"
        entries = [
            (KEPT, "alerts that both editions raise"),
            (GAINED, f"gained: alerts that only {edition} raises"),
            (LOST, f"lost: alerts that only {other} raises, drawn downwards"),
            (OURS, f"customers, by {edition}"),
            (THEIRS, f"customers, by {other}"),
        ]
    told = "".join(f"<li>{swatch(kind)}{escape(text)}</li>" for kind, text in entries)
    return f'<ul class="legend" aria-label="What the colours mean">{told}</ul>'


def swatch(kind: str) -> str:
    """Show a colour with its pattern."""
    return f'<svg class="swatch" aria-hidden="true"><rect class="{kind}" width="100%" height="100%"/></svg>'


def over_time(report: Report) -> list[str]:
    """Draw the alerts of all codes together over time."""
    title = f"Alerts {_per(report)}"
    note = " ".join(filter(None, [_upwards(report), _left_out(report)]))
    caption = f"<figcaption>{escape(note)}</figcaption>" if note else ""
    drawn = _chart(report, title, EVERY_CODE, LARGE)
    return [f"<h2>{title}</h2>", f"<figure>{caption}{drawn}</figure>"]


def code_by_code(report: Report) -> list[str]:
    """Draw the alerts of each code over time, each with a scale of its own."""
    drawn, silent = [], []
    for code in report.codes:
        if any(count.alerts for count in report.by_code(code)):
            name = f"{code} {report.rule(code).name}"
            picture = _chart(report, f"{name}: alerts {_per(report)}", code, SMALL)
            drawn.append(f"<figure><figcaption>{escape(name)}</figcaption>{picture}</figure>")
        else:
            silent.append(str(code))
    title = f"<h2>Code by code, {_per(report)}</h2><p>Each has a scale of its own.</p>"
    none = f"<p>Without any alert: {', '.join(silent)}.</p>" if silent else ""
    return [title, f'<div class="small">{"".join(drawn)}</div>', none]


def customers(report: Report) -> list[str]:
    """Draw how many customers have how many alerts: a row for each number, a bar for each edition."""
    ours = report.series[Series.RAISED].customers_by_alerts
    theirs = report.series[Series.AGAINST].customers_by_alerts if report.against else {}
    most = max((*ours.values(), *theirs.values()))
    met = sorted(map(BOUNDS.index, ours.keys() | theirs.keys()))
    editions = [(report.edition.edition, OURS, ours)]
    if report.against:
        editions.append((report.against.edition, THEIRS, theirs))
    heads = "".join(f"<th>{swatch(kind)}edition {number}</th>" for number, kind, _ in editions)
    rows = []
    for bound in BOUNDS[met[0] : met[-1] + 1]:
        counts = [(kind, found.get(bound, 0)) for _, kind, found in editions]
        cells = "".join(f"<td>{_customers(report, count)}</td>" for _, count in counts)
        name = name_of_bound(bound) if bound else "none"
        rows.append(f'<tr><th scope="row">{name}</th><td class="bars">{_row(counts, most)}</td>{cells}</tr>')
    head = f'<thead><tr><th>alerts</th><th class="bars"></th>{heads}</tr></thead>'
    return [
        "<h2>Customers by number of alerts</h2>",
        f'<table class="customers">{head}<tbody>{"".join(rows)}</tbody></table>',
    ]


def _customers(report: Report, count: int) -> str:
    return f"{count:,} <small>{escape(written_share(count, report.customers))}</small>"


def _row(counts: Sequence[tuple[str, int]], most: int) -> str:
    bars = "".join(
        f'<rect class="{kind}" y="{9 * place}" width="{count / most:.2%}" height="8"/>'
        for place, (kind, count) in enumerate(counts)
    )
    return f'<svg height="{9 * len(counts)}" aria-hidden="true">{bars}</svg>'


def _chart(report: Report, title: str, code: int | None, size: Size) -> str:
    bars: list[Bar] = []
    end: int | None = None
    for group in groups(report):
        found = {series: _alerts(report, series, group, code) for series in report.series}
        apart = end is not None and group[0] - end > FAR
        name, label = _names(report, group)
        bars.append(Bar(f"{name}: {_said(report, group, found)}", label, *_parts(found), apart=apart))
        end = group[-1]
    return chart(title, bars, size)


def _parts(found: Mapping[Series, int]) -> tuple[Sequence[Part], Sequence[Part]]:
    gained, lost = found.get(Series.GAINED, 0), found.get(Series.LOST, 0)
    return (Part(found[Series.RAISED] - gained, KEPT), Part(gained, GAINED)), (Part(lost, LOST),)


def _said(report: Report, group: Sequence[int], found: Mapping[Series, int]) -> str:
    events, raised = sum(report.events_by_period.get(period, 0) for period in group), found[Series.RAISED]
    told = f"{many(raised, 'alert')} on {many(events, 'event')}, {written_rate(raised, events)} {PER_EVENTS}"
    if report.against is None:
        return told
    return f"{told}; {found[Series.GAINED]:,} gained, {found[Series.LOST]:,} lost"


def _alerts(report: Report, series: Series, group: Sequence[int], code: int | None) -> int:
    found = report.series[series]
    if code is None:
        return sum(found.periods.get(period, NONE).alerts for period in group)
    return sum(found.details.get((period, code), NONE).alerts for period in group)


def groups(report: Report) -> list[Sequence[int]]:
    """Put neighbouring periods together, so that no bar is too thin to be seen.

    Periods without events have their place, unless there are so many that nothing else would be seen.
    """
    runs = _runs(report)
    size = -(-sum(map(len, runs)) // MOST_BARS)
    return [run[begin : begin + size] for run in runs for begin in range(0, len(run), size)]


def _runs(report: Report) -> list[Sequence[int]]:
    """Cut the time where nothing happened for long; not where there are so many such gaps that each would be a bar."""
    periods = report.periods
    if not _is_sparse(report):
        return [range(periods[0], periods[-1] + 1)]
    cuts = [place for place in range(1, len(periods)) if periods[place] - periods[place - 1] > FAR]
    if len(cuts) > MOST_BARS // 2:
        return [periods]
    return [periods[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(periods)], strict=True)]


def _is_sparse(report: Report) -> bool:
    return report.periods[-1] - report.periods[0] >= MOST_PERIODS


def _upwards(report: Report) -> str:
    if report.against is None:
        return ""
    return (
        f"Upwards what edition {report.edition.edition} raises; "
        f"downwards what only edition {report.against.edition} raises."
    )


def _left_out(report: Report) -> str:
    if not _is_sparse(report):
        return ""
    return "Only a time with events has a bar; a dashed line stands for a long time without any."


def _names(report: Report, group: Sequence[int]) -> tuple[str, str]:
    """Name a bar in full, and by where it begins."""
    first, last = report.calendar.name(group[0]), report.calendar.name(group[-1])
    begins = first.partition(" to ")[0]
    return first if first == last else f"{begins} to {last.rpartition(' to ')[2]}", begins


def _per(report: Report) -> str:
    days = len(groups(report)[0]) * report.calendar.days
    return "per day" if days == 1 else f"per {days} days"
