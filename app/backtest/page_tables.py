"""The tables of the page: they become cards where a page is narrow, or are scrolled inside of it."""

from collections.abc import Iterable, Sequence
from html import escape

from app.backtest.domain import time_of
from app.backtest.figures import GAINED, KEPT, LOST, swatch
from app.backtest.reports import NONE, Count, Report, Sample, Series, many
from app.backtest.summary import PER, PER_EVENTS, written_rate
from app.backtest.tables import columns, counted

COLOURS = {Series.GAINED: GAINED, Series.LOST: LOST}


def code_table(report: Report) -> str:
    """Make the table of the codes: alerts, their rate and the customers, of each series."""
    heads = "".join(f"<th>{head}</th>" for head in _heads(report))
    rows = []
    for code in report.codes:
        rule = report.rule(code)
        words = f"{code} {escape(rule.name)}<small>{escape(rule.terms)}</small>"
        rows.append(_code_row(report, words, report.by_code(code)))
    rows.append(_code_row(report, "all codes", report.of_all_codes()))
    return f'<table class="codes"><thead><tr><th>code</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _code_row(report: Report, words: str, counts: Sequence[Count]) -> str:
    # The name of its column stands in each cell, too: on a narrow page there are no columns.
    cells = "".join(
        f'<td><small class="column">{head}</small>{_counted(report, count)}</td>'
        for head, count in zip(_heads(report), counts, strict=True)
    )
    kind = "" if any(count.alerts for count in counts) else ' class="silent"'
    return f'<tr{kind}><th scope="row">{words}</th>{cells}</tr>'


def _heads(report: Report) -> list[str]:
    return [f"{_mark(report, each)}{escape(name)}" for each, name in zip(report.series, columns(report), strict=True)]


def _mark(report: Report, series: Series) -> str:
    """Show the colour that this has in the pictures; beside another edition, the alerts of one are in two colours."""
    if report.against is None:
        return swatch(KEPT)
    return swatch(COLOURS[series]) if series in COLOURS else ""


def _counted(report: Report, count: Count) -> str:
    if not count.alerts:
        return "0"
    per_events = escape(f"{written_rate(count.alerts, report.events)} {PER_EVENTS}")
    return f"<b>{count.alerts:,}</b><small>{per_events}</small><small>{many(count.customers, 'customer')}</small>"


def period_table(report: Report) -> str:
    """Make the table of all periods: all codes together with their rate, then each code of the edition."""
    raised, codes = report.series[Series.RAISED], list(report.edition.rules)
    rated = [series in {Series.RAISED, Series.AGAINST} for series in report.series]
    rows = []
    for period in report.periods:
        events = report.events_by_period[period]
        cells = [f"{events:,}"]
        for count, is_rated in zip(report.by_period(period), rated, strict=True):
            cells += [counted(count), written_rate(count.alerts, events)] if is_rated else [counted(count)]
        cells += [counted(raised.details.get((period, code), NONE)) for code in codes]
        # The end of a period in a line of its own, where the page is narrow.
        rows.append([report.calendar.name(period).replace(" to ", "\nto "), *cells])
    names = []
    for name, is_rated in zip(columns(report), rated, strict=True):
        names += [name, f"per {PER:,}"] if is_rated else [name]
    each = [f"ed. {report.edition.edition}: {code}" if report.against else str(code) for code in codes]
    return f'<div class="wide">{_table(["period", "events", *names, *each], rows, "periods")}</div>'


def sample_table(samples: Sequence[Sample]) -> str:
    """Make a table of alerts."""
    rows = [[str(each.user_id), str(each.t), time_of(each.t), each.sentence] for each in samples]
    return _table(["user", "t", "time of UTC", "why"], rows, "samples")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f'<table class="{kind}"><thead>{row("th", titles)}</thead><tbody>{body}</tbody></table>'
