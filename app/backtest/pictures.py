"""Bar charts as SVG that stands inside a page: it takes its colours from the page, and needs nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise

WIDTH, HEIGHT = 960, 280
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 12, 34
MOST_NAMES = 8  # below the axis
TICKS = 4
WIDEST = 60  # of a bar, however few there are


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: how large, what it is called, and the class of the page's style that colours it."""

    value: int
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of parts upwards from the axis, and perhaps of others downwards."""

    name: str
    up: Sequence[Part]
    down: Sequence[Part] = ()


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Draw the bars, with the values at the left and as many names below as there is room for."""
    above = max((sum(part.value for part in bar.up) for bar in bars), default=0)
    below = max((sum(part.value for part in bar.down) for bar in bars), default=0)
    step = tick_step(max(above, below, 1))
    scale = Scale(above=-(-above // step) * step or step, below=-(-below // step) * step, bars=len(bars))
    drawn = [
        *(_tick(scale, value) for value in range(-scale.below, scale.above + 1, step)),
        *(_bar(scale, place, bar) for place, bar in enumerate(bars)),
        *_names(scale, bars),
    ]
    label = escape(title)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def tick_step(greatest: int) -> int:
    """Return a round step of which few make up the greatest value."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * TICKS >= greatest:
                return step
        size *= 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where values and bars lie in the picture."""

    above: int
    below: int
    bars: int

    def y(self, value: int) -> float:
        """Return how far down a value lies."""
        return TOP + (self.above - value) * (HEIGHT - TOP - BOTTOM) / (self.above + self.below)

    @property
    def pitch(self) -> float:
        """Return the distance from bar to bar."""
        return (WIDTH - LEFT - RIGHT) / max(self.bars, 1)

    def x(self, place: int) -> float:
        """Return where the room of a bar begins."""
        return LEFT + place * self.pitch


def _tick(scale: Scale, value: int) -> str:
    y = scale.y(value)
    kind = "axis" if value == 0 else "grid"
    return (
        f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="value" x="{LEFT - 8}" y="{y + 4:.1f}">{abs(value):,}</text>'
    )


def _bar(scale: Scale, place: int, bar: Bar) -> str:
    parts = (*bar.up, *bar.down)
    said = "; ".join(f"{part.name} {part.value:,}" for part in parts if part.value) or "nothing"
    drawn = _stack(scale, place, bar.up, 1) + _stack(scale, place, bar.down, -1)
    return f"<g><title>{escape(bar.name)}: {escape(said)}</title>{drawn}</g>"


def _stack(scale: Scale, place: int, parts: Sequence[Part], direction: int) -> str:
    width = min(scale.pitch - min(scale.pitch * 0.2, 8), WIDEST)
    x = scale.x(place) + (scale.pitch - width) / 2
    ends = accumulate((part.value * direction for part in parts), initial=0)
    drawn = []
    for part, (begin, end) in zip(parts, pairwise(ends), strict=True):
        top, bottom = scale.y(max(begin, end)), scale.y(min(begin, end))
        if part.value:
            size = f'width="{width:.2f}" height="{bottom - top:.2f}"'
            drawn.append(f'<rect class="{part.colour}" x="{x:.2f}" y="{top:.2f}" {size}/>')
    return "".join(drawn)


def _names(scale: Scale, bars: Sequence[Bar]) -> list[str]:
    every = -(-len(bars) // MOST_NAMES) or 1
    y = HEIGHT - 10
    return [
        f'<text class="name" x="{scale.x(place) + scale.pitch / 2:.1f}" y="{y}">{escape(bar.name)}</text>'
        for place, bar in enumerate(bars)
        if place % every == 0
    ]
