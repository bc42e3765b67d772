"""The results on the terminal."""

from rich.console import Console
from rich.table import Table

from bench.results import Results, middle_latency, verdict

COSTS = ("", "application", "PostgreSQL", "together", "events/s", "p50", "p95", "p99")
UNITS = ("", "µs/event", "µs/event", "µs/event", "", "ms", "ms", "ms")
_NARROWEST = 120
RATIOS = ("", "median", "min", "max", "bar", "")


def cost_rows(results: Results) -> list[list[str]]:
    """Return one row for each side of each comparison; each figure is the median of its runs."""
    rows = []
    for name, side in (side for comparison in results.comparisons for side in comparison.sides):
        costs = [f"{cost:.0f}" for cost in (side.app, side.postgres, side.cpu)]
        rows.append([name, *costs, *_latency(side.latency.rate, side.latency.p50, side.latency.p95, side.latency.p99)])
    half = middle_latency(results.steadiness.runs)
    rows.append(["service, half rate", "", "", "", *_latency(half.rate, half.p50, half.p95, half.p99)])
    return rows


def _latency(rate: float, *percentiles: float) -> list[str]:
    return [f"{rate:.0f}", *(f"{each:.2f}" for each in percentiles)]


def ratio_rows(results: Results) -> list[list[str]]:
    """Return one row for each bar."""
    asked = [(f"{each.subject} / {each.base}", each.ratios, each.ratio, each.bar) for each in results.comparisons]
    steady = results.steadiness
    asked.append(("p99 / p50 at half rate", steady.ratios, steady.ratio, steady.bar))
    return [
        [name, *(f"{value:.2f}" for value in (middle, min(ratios), max(ratios), bar)), verdict(middle, bar)]
        for name, ratios, middle, bar in asked
    ]


def show(results: Results, console: Console) -> None:
    """Print both tables."""
    console.width = max(console.width, _NARROWEST)  # a pipe would be taken for a narrow terminal
    titles = [f"{title}\n{unit}" for title, unit in zip(COSTS, UNITS, strict=True)]
    console.print(_table("CPU time of an event, and what clients saw", titles, cost_rows(results)))
    console.print(_table("Ratios, round by round", list(RATIOS), ratio_rows(results)))
    console.print(f"Every answer was a 200; {results.checked} decisions were compared with the oracle: all right.")


def _table(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table
