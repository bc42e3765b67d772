"""A report as one HTML file with pictures: nothing in it is fetched from anywhere, in light and in dark."""

from datetime import datetime
from html import escape

from app.backtest.documents import changes
from app.backtest.figures import code_by_code, customers, legend, over_time
from app.backtest.page_tables import code_table, period_table, sample_table
from app.backtest.reports import Report, Series
from app.backtest.style import PATTERNS, STYLE
from app.backtest.summary import PER_EVENTS, sentence
from app.backtest.tables import IN_BRACKETS, heading, judged

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body>{patterns}
<h1>{title}</h1>
<p class="lead">{sentence}</p>
<p>{judged}. Made on {made:%Y-%m-%d %H:%M} UTC.</p>
{body}
</body></html>
"""


def page(report: Report, made: datetime) -> str:
    """Return the file's text."""
    parts = [_changes(report), legend(report), "<h2>By code</h2>", code_table(report)]
    if any(found.codes for found in report.series.values()):
        parts += [*over_time(report), *code_by_code(report), *customers(report)]
    if report.events:
        title = f"<p>{IN_BRACKETS}; per 1,000: alerts {PER_EVENTS}</p>"
        table = period_table(report)
        parts += ["<h2>By period</h2>", f"<details><summary>all periods</summary>{title}{table}</details>"]
    shown = (Series.GAINED, Series.LOST) if report.against else (Series.RAISED,)
    parts += [_samples(report, series) for series in shown if report.series[series].samples]
    texts = {"title": heading(report), "sentence": sentence(report), "judged": judged(report)}
    told = {name: escape(text) for name, text in texts.items()}
    return PAGE.format(**told, style=STYLE, patterns=PATTERNS, made=made, body="\n".join(parts))


def _changes(report: Report) -> str:
    told = changes(report.edition, report.against)
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in told)}</ul>" if told else ""


def _samples(report: Report, series: Series) -> str:
    parts = [f"<h2>Samples: {series}</h2>"]
    for code, samples in report.series[series].samples.items():
        count = report.series[series].codes[code].alerts
        said = f"{code} {report.rule(code).name}: {len(samples)} of {count:,}"
        parts.append(f"<details open><summary>{escape(said)}</summary>{sample_table(samples)}</details>")
    return "\n".join(parts)
