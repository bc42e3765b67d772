"""The results on the terminal."""

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.backtest.measure import FOUR
from bench.results import Past, Results, middle_latency, verdict

COSTS = ("", "application", "PostgreSQL", "together", "events/s", "p50", "p95", "p99")
UNITS = ("", "µs/event", "µs/event", "µs/event", "", "ms", "ms", "ms")
_NARROWEST = 120
PASSES = ("", "CPU, µs", "PostgreSQL's besides, µs", "events/s and core", "min", "max", "events/s")
SPEED_BAR = 100_000  # events a second and core
RATIOS = ("", "median", "min", "max", "bar", "")


def cost_rows(results: Results) -> list[list[str]]:
    """Return one row for each side of each comparison; each figure is the median of its runs."""
    rows = []
    for name, side in (side for comparison in results.comparisons for side in comparison.sides):
        costs = [f"{cost:.0f}" for cost in (side.app, side.postgres, side.cpu)]
        rows.append([name, *costs, *_latency(side.latency.rate, side.latency.p50, side.latency.p95, side.latency.p99)])
    half = middle_latency(results.steadiness.runs)
    rows.append(["service, half rate", "", "", "", *_latency(half.rate, half.p50, half.p95, half.p99)])
    beside = results.beside_batches
    rows.append(
        ["one event, its player in batches", "", "", "", *_latency(beside.rate, beside.p50, beside.p95, beside.p99)]
    )
    return rows


def _latency(rate: float, *percentiles: float) -> list[str]:
    return [f"{rate:.0f}", *(f"{each:.2f}" for each in percentiles)]


def ratio_rows(results: Results) -> list[list[str]]:
    """Return one row for each ratio, with its bar if there is one."""
    asked = [(f"{each.subject} / {each.base}", each.ratios, each.ratio, each.bar) for each in results.comparisons]
    steady = results.steadiness
    asked.append(("p99 / p50 at half rate", steady.ratios, steady.ratio, steady.bar))
    return [
        [name, *("" if each is None else f"{each:.2f}" for each in figures), verdict(middle, bar)]
        for name, ratios, middle, bar in asked
        for figures in [(middle, min(ratios), max(ratios), bar)]
    ]


def pass_rows(past: Past) -> list[list[str]]:
    """Return one row for each kind of pass; each figure is the median of its runs."""
    return [
        [
            name,
            f"{median(each.app for each in runs):.2f}",
            f"{median(each.postgres for each in runs):.2f}",
            *(f"{figure:,.0f}" for figure in _spread([each.per_core for each in runs])),
            f"{median(each.rate for each in runs):,.0f}",
        ]
        for name, runs in past.passes.items()
    ]


def multiple_rows(past: Past) -> list[list[str]]:
    """Return one row for each kind of pass but the first: how many times the first it costs, round by round."""
    (base, bare), *others = past.passes.items()
    return [
        [
            f"{name} / {base}",
            *(
                f"{figure:.1f}"
                for figure in _spread([run.cpu / read.cpu for run, read in zip(runs, bare, strict=True)])
            ),
        ]
        for name, runs in others
    ]


def _spread(figures: Sequence[float]) -> tuple[float, float, float]:
    return median(figures), min(figures), max(figures)


def judgement(past: Past) -> str:
    """Say in a line whether a backtest is as fast as required."""
    speed = median(each.per_core for each in past.passes[FOUR])
    passed = "PASS" if speed >= SPEED_BAR else "BELOW"
    return f"{speed:,.0f} events a second and core by the four rules; the bar is {SPEED_BAR:,}: {passed}."


def show(results: Results, console: Console) -> None:
    """Print both tables."""
    console.width = max(console.width, _NARROWEST)  # a pipe would be taken for a narrow terminal
    titles = [f"{title}\n{unit}" for title, unit in zip(COSTS, UNITS, strict=True)]
    console.print(_table("CPU time of an event, and what clients saw", titles, cost_rows(results)))
    console.print(_table("Ratios, round by round", list(RATIOS), ratio_rows(results)))
    console.print(_table("Judging stored events again, an event", list(PASSES), pass_rows(results.past)))
    console.print(_table("The same, as multiples of reading it", list(RATIOS[:4]), multiple_rows(results.past)))
    console.print(judgement(results.past))
    console.print(f"Every answer was a 200; {results.checked} decisions were compared with the oracle: all right.")


def _table(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table
