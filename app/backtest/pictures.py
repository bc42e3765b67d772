"""Bar charts over time, as HTML and SVG that stand inside a page and take their colours from it.

They fit any width: across all is in percent, while heights, letters and patterns keep their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise

TOP, BOTTOM = 10, 22  # pixels above the greatest value and below the least
BROAD, NARROW = 880, 290  # pixels across, of a picture on a wide page; at least, on a telephone or of a small picture
LETTER = 7.2  # pixels, how wide one of a label is at most
APART = 8  # pixels between two labels
MOST_NAMES = 7  # of bars below the axis
WIDEST = 60 / BROAD  # a bar, however few there are


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: how large, and the class of the page's style that says what it means."""

    value: int
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of parts upwards from the axis, and perhaps of others downwards.

    `said` tells all of it, `label` is what stands below the axis; `apart` draws a line before it: something is left
    out.
    """

    said: str
    label: str
    up: Sequence[Part]
    down: Sequence[Part] = ()
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How high the room for the bars is in pixels, of how few steps the scale has, and how many pixels are across."""

    height: int
    steps: int
    across: int


LARGE = Size(height=220, steps=4, across=BROAD)
SMALL = Size(height=90, steps=2, across=NARROW)


def chart(title: str, bars: Sequence[Bar], size: Size = LARGE) -> str:
    """Draw the bars, with the values at the left and the names of some of them below."""
    above = max((sum(part.value for part in bar.up) for bar in bars), default=0)
    below = max((sum(part.value for part in bar.down) for bar in bars), default=0)
    step = tick_step(max(above, below, 1), size.steps)
    scale = Scale(above=-(-above // step) * step or step, below=below, bars=len(bars), size=size)
    values = range(-(below // step) * step, scale.above + 1, step)
    drawn = [
        *(_line(scale, value) for value in values),
        *(_bar(scale, place, bar) for place, bar in enumerate(bars)),
        *(_gap(scale, place) for place, bar in enumerate(bars) if bar.apart),
        *_names(scale, bars),
    ]
    ticks = "".join(f'<span style="top: {scale.y(value):.1f}px">{abs(value):,}</span>' for value in values)
    digits = max(len(f"{abs(value):,}") for value in values)
    numbers = f'<div class="scale" style="width: {digits}ch" aria-hidden="true">{ticks}</div>'
    picture = (
        f'<svg height="{TOP + size.height + BOTTOM}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )
    return f'<div class="chart">{numbers}{picture}</div>'


def tick_step(greatest: int, steps: int) -> int:
    """Return a round step of which so few make up the greatest value."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * steps >= greatest:
                return step
        size *= 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where values and bars lie in the picture."""

    above: int
    below: int
    bars: int
    size: Size

    def y(self, value: int) -> float:
        """Return how many pixels down a value lies."""
        return TOP + (self.above - value) * self.size.height / (self.above + self.below)

    @property
    def pitch(self) -> float:
        """Return the distance from bar to bar, as a part of the width."""
        return 1 / max(self.bars, 1)

    def middle(self, place: int) -> float:
        """Return where the middle of a bar is, as a part of the width."""
        return (place + 0.5) * self.pitch


def _line(scale: Scale, value: int) -> str:
    y = f"{scale.y(value):.1f}"
    return f'<line class="{"grid" if value else "axis"}" x1="0" x2="100%" y1="{y}" y2="{y}"/>'


def _bar(scale: Scale, place: int, bar: Bar) -> str:
    drawn = _stack(scale, place, bar.up, 1) + _stack(scale, place, bar.down, -1)
    # Over all of its height, so that also of a low bar something can be learnt by pointing there.
    room = f'x="{place * scale.pitch:.3%}" width="{scale.pitch:.3%}" y="{TOP}" height="{scale.size.height}"'
    return f'<g><title>{escape(bar.said)}</title><rect class="room" {room}/>{drawn}</g>'


def _stack(scale: Scale, place: int, parts: Sequence[Part], direction: int) -> str:
    width = min(scale.pitch * 0.8, WIDEST)
    x = scale.middle(place) - width / 2
    ends = accumulate((part.value * direction for part in parts), initial=0)
    drawn = []
    for part, (begin, end) in zip(parts, pairwise(ends), strict=True):
        top, bottom = scale.y(max(begin, end)), scale.y(min(begin, end))
        if part.value:
            place_and_size = f'x="{x:.3%}" y="{top:.2f}" width="{width:.3%}" height="{bottom - top:.2f}"'
            drawn.append(f'<rect class="{part.kind}" {place_and_size}/>')
    return "".join(drawn)


def _gap(scale: Scale, place: int) -> str:
    x = f"{place * scale.pitch:.3%}"
    return f'<line class="gap" x1="{x}" x2="{x}" y1="{TOP}" y2="{TOP + scale.size.height}"/>'


def _names(scale: Scale, bars: Sequence[Bar]) -> list[str]:
    broad = named(scale, bars, range(len(bars)), scale.size.across)
    narrow = named(scale, bars, broad, NARROW)
    y = TOP + scale.size.height + BOTTOM - 6
    drawn = []
    for place in broad:
        begin, end = extent(scale, bars, place, NARROW if place in narrow else scale.size.across)
        x, anchor = (0.0, "start") if begin < 0 else (1.0, "end") if end > 1 else (scale.middle(place), "middle")
        kind = "" if place in narrow else ' class="roomy"'
        drawn.append(f'<text{kind} x="{x:.3%}" y="{y}" text-anchor="{anchor}">{escape(bars[place].label)}</text>')
    return drawn


def named(scale: Scale, bars: Sequence[Bar], among: Sequence[int], across: int) -> list[int]:
    """Choose among bars those to be named where so many pixels are across: no name overlaps another or the edge.

    Those that stand apart come first. Only the first and the last name may be moved to be whole.
    """
    every = -(-len(among) // MOST_NAMES) or 1
    chosen: dict[int, tuple[float, float]] = {}
    for place in (*(place for place in among if bars[place].apart), *among[::every]):
        begin, end = extent(scale, bars, place, across)
        if place in {among[0], among[-1]}:
            shift = -begin if begin < 0 else min(1 - end, 0)
            begin, end = begin + shift, end + shift
        if begin >= 0 and end <= 1 and all(end <= first or last <= begin for first, last in chosen.values()):
            chosen[place] = begin, end
    return sorted(chosen)


def extent(scale: Scale, bars: Sequence[Bar], place: int, across: int) -> tuple[float, float]:
    """Return from where to where a name would reach, as parts of the width, if it were in the middle of its bar."""
    half = (len(bars[place].label) * LETTER + APART) / across / 2
    return scale.middle(place) - half, scale.middle(place) + half
