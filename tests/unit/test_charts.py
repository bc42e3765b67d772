"""Bar charts as SVG: heights match values, labels fit at every width, and text is escaped."""

import re
from itertools import pairwise

import pytest
from jinja2 import UndefinedError

from lib.pages.charts import LETTER, Bar, Chart, Level, Mark, Segment, bar_chart
from lib.pages.environment import page_environment
from lib.pages.scale import LARGE, NARROW, SMALL, TOP, Size, tick_step
from tests.markup import EVIL, heights, read

PAGES = page_environment("lib.pages")


def drawn(chart: Chart) -> str:
    """Return the SVG as a template of any package would draw it."""
    return PAGES.from_string('{% from "pages/chart.html.j2" import chart %}{{ chart(shown) }}').render(shown=chart)


def test_bars_are_as_high_as_their_values() -> None:
    up, down = [Segment(30, "kept"), Segment(10, "gained")], [Segment(20, "lost")]
    svg = drawn(bar_chart("some", [Bar("a: 40", "a", up, down), Bar("b: nothing", "b", [Segment(0, "kept")])]))
    read(svg)
    high = heights(svg, "kept")
    assert heights(svg, "gained") == pytest.approx(high / 3, abs=0.02)
    assert heights(svg, "lost") == pytest.approx(high * 2 / 3, abs=0.02)
    assert "<title>a: 40</title>" in svg
    assert "<title>b: nothing</title>" in svg
    inside = [float(y) + float(h) for y, h in re.findall(r' y="([\d.]+)" width="[\d.]+%" height="([\d.]+)"', svg)]
    assert len(inside) == 3
    assert all(TOP <= end <= TOP + LARGE.height + 0.1 for end in inside)


def test_the_scale_is_labelled_above_and_below_the_axis() -> None:
    svg = drawn(bar_chart("some", [Bar("a", "a", [Segment(3500, "kept")], [Segment(900, "lost")])]))
    assert re.findall(r'dominant-baseline="central">([\d,]+)</text>', svg) == ["0", "1,000", "2,000", "3,000", "4,000"]
    assert f'<svg class="scale" width="{5 * LETTER}"' in svg
    assert "style=" not in svg
    assert [svg.count(f'<line class="{kind}"') for kind in ("axis", "grid")] == [1, 4]


@pytest.mark.parametrize(
    ("greatest", "step"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (21, 10), (600, 200), (10**9, 5 * 10**8)]
)
def test_the_scale_has_few_round_values(greatest: int, step: int) -> None:
    assert tick_step(greatest, LARGE.steps) == step


LABELS = ["2026-01-01", "day 20000", "day 106751991167300"]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("count", [1, 2, 7, 8, 60, 120])
@pytest.mark.parametrize("label", LABELS)
def test_no_label_is_cut_off_or_overlaps_another_at_any_width(label: str, count: int, size: Size) -> None:
    bars = [
        Bar("x", label, [Segment(1, "kept")], after_gap=count > 60 and place in {1, 2, 64, count - 2})
        for place in range(count)
    ]
    svg = drawn(bar_chart("t", bars, size))
    labels = re.findall(r'<text( class="extra")? x="([\d.]+)%" y="\d+" text-anchor="(\w+)">', svg)
    for across in (size.width, NARROW):
        shown = [(float(x) / 100 * across, anchor) for extra, x, anchor in labels if across > NARROW or not extra]
        width = len(label) * LETTER
        begins = [(x - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]) for x, anchor in shown]
        assert begins
        assert all(-0.1 <= begin <= across - width + 0.1 for begin in begins)
        assert all(begin + width <= following + 0.1 for begin, following in pairwise(begins))


def test_chart_text_is_escaped() -> None:
    svg = drawn(bar_chart(f'"{EVIL}', [Bar(EVIL, EVIL, [Segment(1, "kept")])]))
    reader = read(svg)
    assert "script" not in reader.names
    assert reader.text.count(EVIL) == 2, "as the title of the bar and as its label"
    assert dict(reader.attributes)["aria-label"] == f'"{EVIL}'


def test_a_misspelt_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'colour' is undefined"):
        PAGES.from_string("{{ colour }}").render(color="red")


def test_levels_and_marks_lie_where_their_values_do() -> None:
    bars = [Bar(name, name, [Segment(value, "kept")]) for name, value in (("a", 100), ("b", 50))]
    levels = [Level(150, "the limit"), Level(201, "too high to be drawn")]
    shown = bar_chart("some", bars, levels=levels, marks=[Mark(1.5, "opened", EVIL)])
    assert [level.title for level in shown.levels] == ["the limit"]
    svg = drawn(shown)
    read(svg)
    [(level, x)] = re.findall(r'<line class="level" x1="0" x2="100%" y1="([\d.]+)" y2="([\d.]+)">', svg)
    top = re.search(r'class="kept"[^>]* y="([\d.]+)"', svg)
    assert level == x
    assert top
    assert float(level) < float(top[1]), "above the highest bar"
    assert '<line class="opened" x1="75.0%" x2="75.0%"' in svg
    assert EVIL not in svg


def test_without_bars_no_level_is_drawn() -> None:
    assert bar_chart("some", [], levels=[Level(5, "limit")]).levels == []
