"""The picture of the results: what an event costs and of what, and the ratios beside their bars.

SVG that is read as it is: letters are text, colours follow the light or dark of whoever looks, and each figure has a
place of its own, so that no two of them can overlap. Nothing in it is drawn at random: the same figures, the same file.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from bench.figures import Cost, Figures, Pair

WIDTH = 930
LEFT = 300  # where bars and dots begin; names are to the left
RIGHT = 700  # where the longest of them ends; figures are to the right
ROW, GAP = 22, 14  # pixels: of a bar with the room above it, and between two pairs
RATIO_ROW = 44
HEAD = 56  # of each part: its title and its legend
FOOT = 44  # its scale
DODGE = 5  # between the dots of two rounds
TICKS = 6

# Light; then dark. The page is opaque in both, whatever it is shown on.
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1c2430; } .title { font-size: 16px; font-weight: 700; }
.dim { fill: #566070; font-size: 12px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.page, .ground { fill: #ffffff; } .grid { stroke: #d8dde4; } .axis { stroke: #566070; }
.app { fill: #2f6fb3; } .postgres { fill: #c27c0e; } .median { stroke: #1c2430; stroke-width: 2; }
.bar { stroke: #b3261e; stroke-width: 2; stroke-dasharray: 5 3; } .above { fill: #b3261e; font-weight: 700; }
.round { fill: #2f6fb3; fill-opacity: .7; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e8ee; } .dim { fill: #a3adba; } .page, .ground { fill: #14181d; } .grid { stroke: #343c47; }
.axis { stroke: #a3adba; } .app { fill: #6ba6e6; } .postgres { fill: #f0b24a; } .median { stroke: #e4e8ee; }
.bar { stroke: #f28b82; } .above { fill: #f28b82; } .round { fill: #6ba6e6; } }
"""
PATTERN = (
    '<defs><pattern id="postgres" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="postgres" width="6" height="6"/><rect class="ground" width="1.5" height="6"/></pattern></defs>'
)


def draw(figures: Figures, file: Path) -> None:
    """Write the picture as SVG."""
    file.write_text(svg(figures), encoding="utf-8")


def draw_costs(title: str, costs: Mapping[str, Cost], file: Path) -> None:
    """Write a picture of costs alone, one bar each, as SVG."""
    bottom = HEAD + len(costs) * ROW + GAP
    scale = Scale([cost.cpu for cost in costs.values()])
    drawn = [
        _text(20, 24, title, "title"),
        *_legend(),
        *scale.drawn(HEAD, bottom, "CPU time of an event, microseconds (median of the rounds)"),
        *(part for n, (name, cost) in enumerate(costs.items()) for part in _cost(scale, HEAD + n * ROW, name, cost)),
    ]
    file.write_text(_document(title, bottom + FOOT, drawn), encoding="utf-8")


def draw_pairs(title: str, pairs: Mapping[str, tuple[Cost, Cost]], file: Path) -> None:
    """Write a picture of costs before and now, two bars for each name, as SVG."""
    bottom = HEAD + len(pairs) * (2 * ROW + GAP)
    scale = Scale([cost.cpu for pair in pairs.values() for cost in pair])
    drawn = [
        _text(20, 24, title, "title"),
        *_legend(),
        *scale.drawn(HEAD, bottom, "CPU time of an event, microseconds (median of the rounds)"),
    ]
    for number, (name, (before, now)) in enumerate(pairs.items()):
        top = HEAD + number * (2 * ROW + GAP) + GAP / 2
        drawn += _cost(scale, top, f"{name}: before", before, places=1)
        drawn += _cost(scale, top + ROW, "now", now, places=1)
    file.write_text(_document(title, bottom + FOOT, drawn), encoding="utf-8")


def svg(figures: Figures) -> str:
    """Return the picture."""
    pairs = figures.pairs
    middle = HEAD + len(pairs) * (2 * ROW + GAP) + FOOT
    height = middle + HEAD + len(pairs) * RATIO_ROW + FOOT
    drawn = [*_costs(pairs), *_ratios(pairs, middle)]
    title = f"CPU time of an event, and the ratios beside their bars, measured on {figures.measured}"
    return _document(title, height, drawn)


def _document(title: str, height: float, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n{PATTERN}\n'
        f'<rect class="page" width="100%" height="100%"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _costs(pairs: Sequence[Pair]) -> Iterator[str]:
    scale = Scale([cost.cpu for pair in pairs for cost in (pair.base_cost, pair.subject_cost)])
    bottom = HEAD + len(pairs) * (2 * ROW + GAP)
    yield _text(20, 24, "What an event costs", "title")
    yield from _legend()
    yield from scale.drawn(HEAD, bottom, "CPU time of an event, microseconds (median of the rounds)")
    for number, pair in enumerate(pairs):
        top = HEAD + number * (2 * ROW + GAP) + GAP / 2
        yield from _cost(scale, top, pair.base, pair.base_cost)
        yield from _cost(scale, top + ROW, pair.subject, pair.subject_cost)


def _legend() -> Iterator[str]:
    yield from _key(LEFT, 44, '<rect class="app" x="{x}" y="{y}" width="12" height="12"/>', "application")
    yield from _key(LEFT + 120, 44, _POSTGRES.format(x="{x}", y="{y}", width=12, height=12), "PostgreSQL")


_POSTGRES = '<rect fill="url(#postgres)" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _cost(scale: "Scale", top: float, name: str, cost: Cost, places: int = 0) -> Iterator[str]:
    x, end = scale.x(cost.app), scale.x(cost.cpu)
    yield _text(LEFT - 10, top + 15, name, "end")
    yield f'<rect class="app" x="{LEFT}" y="{top + 3:.1f}" width="{x - LEFT:.1f}" height="{ROW - 4}"/>'
    yield _POSTGRES.format(x=f"{x:.1f}", y=f"{top + 3:.1f}", width=f"{end - x:.1f}", height=ROW - 4)
    yield _text(end + 6, top + 16, f"{cost.cpu:,.{places}f}")


def _ratios(pairs: Sequence[Pair], top: float) -> Iterator[str]:
    scale = Scale([figure for pair in pairs for figure in (*pair.ratios, pair.bar or 0)])
    begin, bottom = top + HEAD, top + HEAD + len(pairs) * RATIO_ROW
    yield _text(20, top + 24, "Ratios, each within one round", "title")
    yield from _key(LEFT, top + 44, '<circle class="round" cx="{middle}" cy="{centre}" r="5"/>', "a round")
    yield from _key(LEFT + 110, top + 44, _upright("median"), "median")
    yield from _key(LEFT + 220, top + 44, _upright("bar"), "bar for the median")
    yield from scale.drawn(begin, bottom, "ratio of CPU times (1 = costs the same)")
    for number, pair in enumerate(pairs):
        yield from _ratio(scale, begin + number * RATIO_ROW, pair)


def _upright(kind: str) -> str:
    return f'<line class="{kind}" x1="{{middle}}" x2="{{middle}}" y1="{{y}}" y2="{{end}}"/>'


def _ratio(scale: "Scale", top: float, pair: Pair) -> Iterator[str]:
    middle = top + RATIO_ROW / 2
    for line, text in enumerate((pair.subject, f"/ {pair.base}")):
        yield _text(LEFT - 10, middle - 3 + 16 * line, text, "end")
    for number, ratio in enumerate(pair.ratios):
        y = middle + DODGE * (number - (len(pair.ratios) - 1) / 2)
        yield f'<circle class="round" cx="{scale.x(ratio):.1f}" cy="{y:.1f}" r="5"/>'
    for kind, figure in (("median", pair.ratio), ("bar", pair.bar)):
        if figure is not None:
            x = f"{scale.x(figure):.1f}"
            yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top + 5:.1f}" y2="{top + RATIO_ROW - 5:.1f}"/>'
    yield _text(RIGHT + 20, middle + 4, f"{pair.ratio:.2f}")
    if pair.bar is not None:
        verdict = "above" if pair.missed else "within"
        yield _text(RIGHT + 65, middle + 4, f"{verdict} the bar, {pair.bar:.2f}", "above" if pair.missed else "dim")


class Scale:
    """Where figures lie between the left and the right, from zero to the first round step beyond the greatest."""

    def __init__(self, figures: Sequence[float]) -> None:
        greatest = max(figures, default=1.0) or 1.0
        size = 10.0**-3
        while size * 10 * TICKS < greatest:
            size *= 10
        self.step = next(step for step in (size, 2 * size, 5 * size, 10 * size) if step * TICKS >= greatest)
        self.steps = 1
        while self.step * self.steps < greatest:
            self.steps += 1

    def x(self, figure: float) -> float:
        """Return how many pixels to the right a figure lies."""
        return LEFT + (RIGHT - LEFT) * figure / (self.step * self.steps)

    def drawn(self, top: float, bottom: float, name: str) -> Iterator[str]:
        """Draw the lines of the scale, their figures and their unit."""
        for number in range(self.steps + 1):
            x = f"{self.x(number * self.step):.1f}"
            kind = "grid" if number else "axis"
            yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
            yield _text(float(x), bottom + 16, f"{number * self.step:,g}", "dim middle")
        yield _text((LEFT + RIGHT) / 2, bottom + 34, name, "dim middle")


def _key(x: float, y: float, mark: str, name: str) -> Iterator[str]:
    yield mark.format(x=x, y=y - 10, middle=x + 6, centre=y - 4, end=y + 2)
    yield _text(x + 18, y, name)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    output = f' class="{kind}"' if kind else ""
    return f'<text{output} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
