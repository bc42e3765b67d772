"""A report as one HTML file with pictures: nothing in it is fetched from anywhere, in light and in dark."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from app.backtest.documents import changes
from app.backtest.domain import time_of
from app.backtest.figures import COLOURS, alerts_by_period, customers, difference_by_period
from app.backtest.reports import NONE, Report, Sample, Series
from app.backtest.tables import IN_BRACKETS, columns, counted, heading, judged

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5c6675; --line: #d8dde4; --page: #ffffff; --panel: #f6f7f9;
  --c0: #2f6fb3; --c1: #d98a00; --c2: #1d8a63; --c3: #c2503a; --c4: #7a5bb8; --c5: #0f8f9c; --c6: #b04a86;
  --c7: #7c8794; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #9aa5b3; --line: #343c47; --page: #14181d;
  --panel: #1c2128; --c0: #6ba6e6; --c1: #f0b24a; --c2: #4fc497; --c3: #ee8068; --c4: #ab8fe6; --c5: #4fc3cf;
  --c6: #e082b8; --c7: #a4aebb; } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--page); }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, figcaption, summary { color: var(--dim); } figure { margin: 0; } svg { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top;
  white-space: nowrap; }
th { font-weight: 600; } .text { text-align: left; white-space: normal; } .wide { overflow-x: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .4rem 0; }
.legend svg { width: .8em; height: .8em; display: inline-block; margin-right: .4em; }
.value { text-anchor: end; } .name { text-anchor: middle; } svg text { fill: var(--dim); font-size: 12px; }
.grid { stroke: var(--line); } .axis { stroke: var(--dim); } .gap { stroke: var(--dim); stroke-dasharray: 4 4; }
""" + "".join(f".c{n} {{ fill: var(--c{n}); }} " for n in range(COLOURS))

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>
<p>{judged}. Made on {made:%Y-%m-%d %H:%M} UTC.</p>
{body}
</body></html>
"""


def page(report: Report, made: datetime) -> str:
    """Return the file's text."""
    parts = [_changes(report), "<h2>By code</h2>", f"<p>{IN_BRACKETS}</p>", code_table(report)]
    if any(found.codes for found in report.series.values()):
        parts += alerts_by_period(report)
        parts += difference_by_period(report, report.against.edition) if report.against else []
        parts += customers(report)
    elif report.events:
        parts.append("<p>Nothing is raised.</p>")
    if report.events:
        parts += ["<h2>By period</h2>", "<details><summary>all periods</summary>", period_table(report), "</details>"]
    shown = (Series.GAINED, Series.LOST) if report.against else (Series.RAISED,)
    parts += [_samples(report, series) for series in shown if report.series[series].samples]
    texts = {"title": escape(heading(report)), "judged": escape(judged(report))}
    return PAGE.format(**texts, style=STYLE, made=made, body="\n".join(parts))


def _changes(report: Report) -> str:
    told = changes(report.edition, report.against)
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in told)}</ul>" if told else ""


def code_table(report: Report) -> str:
    """Make the table of the codes."""
    rows = []
    for code in report.codes:
        rule = report.rule(code)
        rows.append([str(code), rule.name, rule.terms, *map(counted, report.by_code(code))])
    rows.append(["", "all codes", "", *map(counted, report.of_all_codes())])
    return _table(["code", "name", "the user meets it when", *columns(report)], rows, text=3)


def period_table(report: Report) -> str:
    """Make the table of all periods: all codes together, then each code of the edition."""
    raised, codes = report.series[Series.RAISED], list(report.edition.rules)
    rows = []
    for period in report.periods:
        together = map(counted, report.by_period(period))
        of_codes = [counted(raised.details.get((period, code), NONE)) for code in codes]
        rows.append([report.calendar.name(period), f"{report.events_by_period[period]:,}", *together, *of_codes])
    each = [f"ed. {report.edition.edition}: {code}" if report.against else str(code) for code in codes]
    return _table(["period", "events", *columns(report), *each], rows, text=1)


def _samples(report: Report, series: Series) -> str:
    parts = [f"<h2>Samples: {series}</h2>"]
    for code, samples in report.series[series].samples.items():
        count = report.series[series].codes[code].alerts
        said = f"{code} {report.rule(code).name}: {len(samples)} of {count:,}"
        parts.append(f"<details open><summary>{escape(said)}</summary>{_sample_table(samples)}</details>")
    return "\n".join(parts)


def _sample_table(samples: Sequence[Sample]) -> str:
    rows = [[str(each.user_id), str(each.t), time_of(each.t), each.sentence] for each in samples]
    return _table(["user", "t", "time of UTC", "why"], rows, text=4)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, text: int) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = [' class="text"' if place < text else "" for place in range(len(cells))]
        filled = (f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(filled)}</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f'<div class="wide"><table><thead>{row("th", titles)}</thead><tbody>{body}</tbody></table></div>'
