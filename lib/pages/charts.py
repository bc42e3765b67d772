"""The geometry of bar charts: from values to plain numbers, which `pages/chart.html.j2` writes as SVG.

A chart fits any width: horizontal places are in percent of it, while heights, letters and patterns keep their size in
pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from lib.pages.scale import BOTTOM, LARGE, NARROW, TOP, WIDE, Scale, Size, tick_step

BASELINE = 16  # pixels from the bars down to the labels
LETTER = 7.2  # pixels: the greatest width of a letter of a label
LABEL_GAP = 8  # pixels between two labels
MAX_LABELS = 7
BAR_SHARE = 80  # percent of a column's width that its bar fills
MAX_LEVEL = 2  # times the highest bar
MAX_BAR = 100 * 60 / WIDE  # percent of the width, however few bars there are


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its size, and the class of the style sheet that says what it means."""

    value: int
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: segments upwards from the axis, and others downwards.

    `title` describes the whole bar in a tooltip; `label` is written below the axis. `after_gap` draws a line before the
    bar to show that something is left out.
    """

    title: str
    label: str
    up: Sequence[Segment]
    down: Sequence[Segment] = ()
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A value that bars are compared with: a line across the chart. `title` says what it is."""

    value: int
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: a line from top to bottom, before the bar at `place`, or a part of a bar's width further right."""

    place: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A level or a mark as it is drawn: `at` is in pixels from above, or in percent from the left."""

    at: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale: its value, and its distance from the upper edge in pixels."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A segment as it is drawn: `x` and `width` in percent, `y` and `height` in pixels."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A bar as it is drawn, and the area around it, of full height, that shows its title as a tooltip."""

    title: str
    x: float
    width: float
    rectangles: Sequence[Rectangle]
    after_gap: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A label below the axis. `is_extra`: it fits on a wide page only."""

    text: str
    x: float
    anchor: str
    is_extra: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws: `height` is the total height in pixels; the bars lie between `top` and `bottom`.

    `baseline` is the labels' baseline; `scale_width` is the width in pixels of the longest value of the scale.
    """

    title: str
    height: int
    top: int
    bottom: int
    baseline: int
    scale_width: float
    ticks: Sequence[Tick]
    columns: Sequence[Column]
    labels: Sequence[Label]
    levels: Sequence[Line] = ()
    marks: Sequence[Line] = ()


def bar_chart(
    title: str, bars: Sequence[Bar], size: Size = LARGE, *, levels: Sequence[Level] = (), marks: Sequence[Mark] = ()
) -> Chart:
    """Lay out the bars, with the scale at the left and the labels of some bars below.

    A level that is more than twice as high as the highest bar is left out, since the bars would be too low to read.
    """
    highest = max((_total(bar.up) for bar in bars), default=0)
    drawn = [level for level in levels if level.value <= MAX_LEVEL * highest]
    above = max((highest, *(level.value for level in drawn)))
    below = max((_total(bar.down) for bar in bars), default=0)
    step = tick_step(max(above, below, 1), size.steps)
    scale = Scale(above=-(-above // step) * step or step, below=below, bars=len(bars), size=size)
    values = range(-(below // step) * step, scale.above + 1, step)
    bottom = TOP + size.height
    return Chart(
        title=title,
        height=bottom + BOTTOM,
        top=TOP,
        bottom=bottom,
        baseline=bottom + BASELINE,
        scale_width=round(LETTER * max(len(f"{abs(value):,}") for value in values), 1),
        ticks=[Tick(value, round(scale.y(value), 1)) for value in values],
        columns=[_column(scale, place, bar) for place, bar in enumerate(bars)],
        labels=list(_labels(scale, bars)),
        levels=[Line(round(scale.y(level.value), 1), "level", level.title) for level in drawn],
        marks=[Line(round(mark.place * scale.pitch, 3), mark.kind, mark.title) for mark in marks],
    )


def _total(segments: Sequence[Segment]) -> int:
    return sum(segment.value for segment in segments)


def _column(scale: Scale, place: int, bar: Bar) -> Column:
    rectangles = [*_stack(scale, place, bar.up, 1), *_stack(scale, place, bar.down, -1)]
    x, width = round(place * scale.pitch, 3), round(scale.pitch, 3)
    return Column(bar.title, x, width, rectangles, bar.after_gap)


def _stack(scale: Scale, place: int, segments: Sequence[Segment], direction: int) -> Iterator[Rectangle]:
    width = min(scale.pitch * BAR_SHARE / 100, MAX_BAR)
    x = scale.middle(place) - width / 2
    ends = accumulate((segment.value * direction for segment in segments), initial=0)
    for segment, (begin, end) in zip(segments, pairwise(ends), strict=True):
        top, bottom = scale.y(max(begin, end)), scale.y(min(begin, end))
        if segment.value:
            yield Rectangle(segment.kind, round(x, 3), round(top, 2), round(width, 3), round(bottom - top, 2))


def _labels(scale: Scale, bars: Sequence[Bar]) -> Iterator[Label]:
    wide = labelled(scale, bars, range(len(bars)), scale.size.width)
    narrow = labelled(scale, bars, wide, NARROW)
    for place in wide:
        begin, end = extent(scale, bars, place, NARROW if place in narrow else scale.size.width)
        x, anchor = (0.0, "start") if begin < 0 else (100.0, "end") if end > 100 else (scale.middle(place), "middle")  # noqa: PLR2004  # percent
        yield Label(bars[place].label, round(x, 3), anchor, place not in narrow)


def labelled(scale: Scale, bars: Sequence[Bar], among: Sequence[int], width: int) -> list[int]:
    """Choose the bars that have a label in a chart of `width` pixels: no label overlaps another or the edge.

    Bars after a gap come first. Only the first and the last label may be moved away from an edge.
    """
    every = -(-len(among) // MAX_LABELS) or 1
    chosen: dict[int, tuple[float, float]] = {}
    for place in (*(place for place in among if bars[place].after_gap), *among[::every]):
        begin, end = extent(scale, bars, place, width)
        if place in {among[0], among[-1]}:
            shift = -begin if begin < 0 else min(100 - end, 0)
            begin, end = begin + shift, end + shift
        is_free = all(end <= first or last <= begin for first, last in chosen.values())
        if begin >= 0 and end <= 100 and is_free:  # noqa: PLR2004  # percent
            chosen[place] = begin, end
    return sorted(chosen)


def extent(scale: Scale, bars: Sequence[Bar], place: int, width: int) -> tuple[float, float]:
    """Return where a label centred below its bar begins and ends, in percent of `width` pixels."""
    half = 100 * (len(bars[place].label) * LETTER + LABEL_GAP) / width / 2
    return scale.middle(place) - half, scale.middle(place) + half
