"""Bar charts as SVG that stands inside a page: it takes its colours from the page, and needs nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise

WIDTH, HEIGHT = 960, 280
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 12, 34
MOST_NAMES = 8  # of moments below the axis; of categories all are named
LETTER = 0.6  # of the size of the text, how wide one is at most
TEXT = 12  # its size
TICKS = 4
WIDEST = 60  # of a bar, however few there are


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: how large, what is said of it, and the class of the page's style that colours it."""

    value: int
    said: str
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of parts upwards from the axis, and perhaps of others downwards.

    `name` tells all, `label` is what stands below the axis; `apart` draws a line before it: something is left out.
    """

    name: str
    label: str
    up: Sequence[Part]
    down: Sequence[Part] = ()
    apart: bool = False


def chart(title: str, bars: Sequence[Bar], *, names: int = MOST_NAMES) -> str:
    """Draw the bars, with the values at the left and so many names below."""
    above = max((sum(part.value for part in bar.up) for bar in bars), default=0)
    below = max((sum(part.value for part in bar.down) for bar in bars), default=0)
    step = tick_step(max(above, below, 1))
    scale = Scale(above=-(-above // step) * step or step, below=-(-below // step) * step, bars=len(bars))
    drawn = [
        *(_tick(scale, value) for value in range(-scale.below, scale.above + 1, step)),
        *(_bar(scale, place, bar) for place, bar in enumerate(bars)),
        *(_gap(scale, place) for place, bar in enumerate(bars) if bar.apart),
        *_names(scale, bars, names),
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
    said = "; ".join(part.said for part in parts if part.value) or "nothing"
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


def _gap(scale: Scale, place: int) -> str:
    x = f"{scale.x(place):.1f}"
    return f'<line class="gap" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'


def _names(scale: Scale, bars: Sequence[Bar], most: int) -> list[str]:
    every = -(-len(bars) // most) or 1
    size = TEXT if every > 1 else min(TEXT, _fitting(scale, bars))
    return [_name(scale, place, bars[place].label, size) for place in named(bars, every)]


def named(bars: Sequence[Bar], every: int) -> list[int]:
    """Choose the bars to be named: those that stand apart first, and none too near to another."""
    chosen: list[int] = []
    for place in (*(place for place, bar in enumerate(bars) if bar.apart), *range(0, len(bars), every)):
        if all(abs(place - other) >= every for other in chosen):
            chosen.append(place)
    return sorted(chosen)


def _fitting(scale: Scale, bars: Sequence[Bar]) -> float:
    """Return the size of text at which all lines of labels have room beside each other."""
    return scale.pitch / (LETTER * (max(_longest_line(bar.label) for bar in bars) + 1))


def _longest_line(label: str) -> int:
    return max(map(len, label.split("\n")))


def _name(scale: Scale, place: int, label: str, size: float) -> str:
    # In the middle of its bar, but never beyond the edge.
    x = min(scale.x(place) + scale.pitch / 2, WIDTH - _longest_line(label) * LETTER * size / 2)
    lines = enumerate(label.split("\n"))
    y = HEIGHT - BOTTOM + TEXT + 4
    return "".join(
        f'<text class="name" x="{x:.1f}" y="{y + line * TEXT}" style="font-size: {size:.1f}px">{escape(text)}</text>'
        for line, text in lines
    )
