"""The scale of a chart: where its values lie, in pixels, and where its bars lie, in percent of the width."""

from dataclasses import dataclass

TOP, BOTTOM = 10, 22  # pixels above the greatest value and below the least
WIDE = 880  # pixels: the width of a chart on a wide page
NARROW = 290  # pixels: the least width of any chart, on a phone or beside others


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The height of the bars in pixels, the greatest number of steps of the scale, and the width in pixels."""

    height: int
    steps: int
    width: int


LARGE = Size(height=220, steps=4, width=WIDE)
SMALL = Size(height=90, steps=2, width=NARROW)


def tick_step(greatest: int, steps: int) -> int:
    """Return the least round step of which at most `steps` reach the greatest value."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * steps >= greatest:
                return step
        size *= 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where values and bars lie in the chart."""

    above: int
    below: int
    bars: int
    size: Size

    def y(self, value: int) -> float:
        """Return a value's distance from the upper edge, in pixels."""
        return TOP + (self.above - value) * self.size.height / (self.above + self.below)

    @property
    def pitch(self) -> float:
        """The distance from bar to bar in percent."""
        return 100 / max(self.bars, 1)

    def middle(self, place: int) -> float:
        """Return the horizontal centre of a bar, in percent."""
        return (place + 0.5) * self.pitch
