"""The pictures of a report, each with its title and its legend, as HTML."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from app.backtest.domain import MOST_PERIODS
from app.backtest.pictures import MOST_NAMES, Bar, Part, chart
from app.backtest.reports import BOUNDS, NONE, Report, Series, many, name_of_bound

MOST_BARS = 120
COLOURS = 8  # that the page's style has
FAR = MOST_BARS  # periods without events after which a line is drawn

Counts = Mapping[int, int]  # alerts by code


@dataclass(frozen=True, slots=True)
class Palette:
    """Which codes have a colour of their own, the same in all pictures; the others share the last one."""

    own: Sequence[int]
    others: Sequence[int]

    @classmethod
    def of(cls, report: Report) -> "Palette":
        """Give the codes with the most alerts a colour."""
        codes = report.codes
        if len(codes) <= COLOURS:
            return cls(codes, ())
        alerts = {code: sum(count.alerts for count in report.by_code(code)) for code in codes}
        most = sorted(codes, key=lambda code: (-alerts[code], code))[: COLOURS - 1]
        return cls(sorted(most), [code for code in codes if code not in most])

    def parts(self, counts: Counts) -> list[Part]:
        """Divide a bar."""
        parts = [
            Part(counts[code], f"{code}: {counts[code]:,}", f"c{place}")
            for place, code in enumerate(self.own)
            if counts.get(code)
        ]
        rest = {code: counts[code] for code in self.others if counts.get(code)}
        said = "; ".join(f"{code}: {alerts:,}" for code, alerts in rest.items())
        return [*parts, Part(sum(rest.values()), said, f"c{COLOURS - 1}")] if rest else parts

    def legend(self, report: Report, codes: Iterable[int]) -> list[tuple[str, str]]:
        """Name the colours of these codes."""
        shown = set(codes)
        told = [
            (f"c{place}", f"{code} {report.rule(code).name}") for place, code in enumerate(self.own) if code in shown
        ]
        others = len(shown.intersection(self.others))
        return [*told, (f"c{COLOURS - 1}", many(others, "other"))] if others else told


def alerts_by_period(report: Report) -> list[str]:
    """Draw the alerts of each code over time."""
    title = f"Alerts of edition {report.edition.edition} {_per(report)}"
    if not report.series[Series.RAISED].codes:
        return _sentence(title, f"Edition {report.edition.edition} raises nothing.")
    palette = Palette.of(report)
    legend = palette.legend(report, report.edition.rules)
    return _figure(title, _bars(report, palette, Series.RAISED), legend, note=_left_out(report))


def difference_by_period(report: Report, against: int) -> list[str]:
    """Draw what is gained and lost of each code over time."""
    title = f"Gained and lost {_per(report)}, edition {report.edition.edition} against edition {against}"
    codes = report.series[Series.GAINED].codes.keys() | report.series[Series.LOST].codes.keys()
    if not codes:
        return _sentence(title, "No alert is gained and none is lost.")
    palette = Palette.of(report)
    bars = _bars(report, palette, Series.GAINED, Series.LOST)
    note = f"Upwards what is gained, downwards what is lost.{_left_out(report)}"
    return _figure(title, bars, palette.legend(report, codes), note=note)


def customers(report: Report) -> list[str]:
    """Draw how many customers have how many alerts."""
    title = "Customers by number of alerts"
    ours = report.series[Series.RAISED].customers_by_alerts
    theirs = report.series[Series.AGAINST].customers_by_alerts if report.against else {}
    last = max(map(BOUNDS.index, ours.keys() | theirs.keys()))
    legend = [("c0", f"edition {report.edition.edition}: {_without(ours)}")]
    if report.against:
        legend.append(("c1", f"edition {report.against.edition}, downwards: {_without(theirs)}"))
    bars = [
        Bar(
            f"{name_of_bound(bound)} {'alert' if bound == 1 else 'alerts'}",
            name_of_bound(bound).replace(" to ", "\nto "),
            _customers(ours.get(bound, 0), report.edition.edition, "c0"),
            _customers(theirs.get(bound, 0), report.against.edition, "c1") if report.against else (),
        )
        for bound in BOUNDS[1 : 1 + last]
    ]
    return _figure(title, bars, legend, names=len(bars))


def _customers(count: int, edition: int, colour: str) -> Sequence[Part]:
    return [Part(count, f"edition {edition}: {many(count, 'customer')}", colour)]


def _without(customers_by_alerts: Mapping[int, int]) -> str:
    count = customers_by_alerts.get(0, 0)
    return f"{many(count, 'customer')} {'has' if count == 1 else 'have'} none"


def _bars(report: Report, palette: Palette, up: Series, down: Series | None = None) -> list[Bar]:
    bars, end = [], None
    for group in groups(report):
        above, below = (palette.parts(_alerts(report, each, group)) if each else [] for each in (up, down))
        name, label = _names(report, group)
        bars.append(Bar(name, label, above, below, apart=end is not None and group[0] - end > FAR))
        end = group[-1]
    return bars


def _alerts(report: Report, series: Series, group: Sequence[int]) -> Counts:
    details, alerts = report.series[series].details, Counter[int]()
    for period in group:
        for code in report.codes:
            alerts[code] += details.get((period, code), NONE).alerts
    return alerts


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


def _left_out(report: Report) -> str:
    if not _is_sparse(report):
        return ""
    return " Only a time with events has a bar; a dashed line stands for a long time without any."


def _names(report: Report, group: Sequence[int]) -> tuple[str, str]:
    """Name a bar in full, and by where it begins."""
    first, last = report.calendar.name(group[0]), report.calendar.name(group[-1])
    begins = first.partition(" to ")[0]
    return first if first == last else f"{begins} to {last.rpartition(' to ')[2]}", begins


def _per(report: Report) -> str:
    days = len(groups(report)[0]) * report.calendar.days
    return "per day" if days == 1 else f"per {days} days"


def _sentence(title: str, text: str) -> list[str]:
    return [f"<h2>{title}</h2>", f"<p>{escape(text)}</p>"]


def _figure(
    title: str, bars: Sequence[Bar], legend: Iterable[tuple[str, str]], *, note: str = "", names: int = MOST_NAMES
) -> list[str]:
    key = '<svg viewBox="0 0 1 1" aria-hidden="true"><rect class="{}" width="1" height="1"/></svg>'
    entries = "".join(f"<li>{key.format(colour)}{escape(text)}</li>" for colour, text in legend)
    caption = f"<figcaption>{escape(note.strip())}</figcaption>" if note else ""
    drawn = chart(title, bars, names=names)
    return [f"<h2>{title}</h2>", f'<figure>{drawn}<ul class="legend">{entries}</ul>{caption}</figure>']
