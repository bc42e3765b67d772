"""The picture of the results: what an event costs and of what, and the ratios beside their bars."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.results import Results

_APP, _POSTGRES, _BAR = "#4878a8", "#e0a050", "#b03030"
_ROOM = 1.2  # of the longest bar, for the figures at the ends
_GAP = 0.4  # of a row, between two comparisons
_DODGE = 0.12  # of a row, between the marks of two rounds


def draw(results: Results, file: Path) -> None:
    """Write the picture as SVG."""
    # The same figures give the same file: no random ids, no date.
    with rc_context({"svg.hashsalt": "activity-alerts", "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 9), layout="constrained")
        costs, ratios = figure.subplots(2, 1, height_ratios=[3, 2])
        _draw_costs(costs, results)
        _draw_ratios(ratios, results)
        figure.savefig(file, metadata={"Date": None})


def _draw_costs(axes: Axes, results: Results) -> None:
    sides = [side for comparison in results.comparisons for side in comparison.sides]
    app, postgres = [side.app for _, side in sides], [side.postgres for _, side in sides]
    rows = [row + row // 2 * _GAP for row in range(len(sides))]
    axes.barh(rows, app, color=_APP, label="application")
    bars = axes.barh(rows, postgres, left=app, color=_POSTGRES, label="PostgreSQL")
    axes.bar_label(bars, [f"{side.cpu:.0f}" for _, side in sides], padding=4)
    axes.set_yticks(rows, [name for name, _ in sides])
    axes.invert_yaxis()
    axes.set_xlim(0, _ROOM * max(side.cpu for _, side in sides))
    axes.set_xlabel("CPU time of an event, microseconds (median of the rounds)")
    axes.set_title("What an event costs", loc="left", fontweight="bold")
    axes.legend(loc="upper right", frameon=False)


def _draw_ratios(axes: Axes, results: Results) -> None:
    for row, comparison in enumerate(results.comparisons):
        rounds = range(len(comparison.ratios))
        heights = [row + _DODGE * (number - (len(rounds) - 1) / 2) for number in rounds]
        axes.plot(comparison.ratios, heights, "o", color=_APP, alpha=0.6, label="" if row else "a round")
        axes.plot([comparison.ratio] * 2, [row - 0.35, row + 0.35], color="black", label="" if row else "median")
        if comparison.bar is not None:
            axes.plot([comparison.bar] * 2, [row - 0.35, row + 0.35], "--", color=_BAR, label="" if row else "bar")
        axes.annotate(f"{comparison.ratio:.2f}", (comparison.ratio, row - 0.35), ha="center", va="bottom")
    axes.set_yticks(range(len(results.comparisons)), [f"{each.subject}\n/ {each.base}" for each in results.comparisons])
    axes.set_ylim(len(results.comparisons) - 0.5, -0.8)
    axes.set_xlim(0, None)
    axes.set_xlabel("ratio of CPU times (1 = costs the same)")
    axes.set_title("Ratios, each within one round", loc="left", fontweight="bold")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
