"""The picture of `make bench` and the text on missed bars, for small figures and for the published ones."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from bench import document, figures, picture
from bench.backtest import part_figures
from bench.backtest.measure import FOUR, READ
from bench.backtest.part_figures import Part, PartFigures
from bench.figures import Cost, Figures, Pair, Speed, Steady
from bench.results import Comparison, Judged, Latency, Measured, Past, Results, Round, Steadiness
from bench.scale import QUICK
from bench.verdicts import PLAIN, PREPARED, missed
from tests.markup import read
from tests.unit.contrasts import contrast

DOCS = Path(__file__).parents[2] / "docs"
PUBLISHED = figures.read(DOCS / "performance.json")


def pair(base: str, *ratios: float, bar: float | None = 2.0, subject: str = "service") -> Pair:
    base_cost, subject_cost = Cost(app=100, postgres=200), Cost(app=400, postgres=260)
    return Pair(base=base, subject=subject, bar=bar, base_cost=base_cost, subject_cost=subject_cost, ratios=ratios)


STEADY = Steady(bar=5, ratio=4, least=3, greatest=6, p50=2, p99=8)
SMALL = Figures(
    measured="2026-01-02",
    source="a test",
    pairs=[pair(PREPARED, 2.1, 2.2, 2.3), pair(PLAIN, 1.3)],
    steady=STEADY,
    speed=Speed(bar=50_000, per_core=60_000),
)
# All values equal, values far apart, and the longest possible names.
LONG = "these and the sum of the latter / 4"
DRAWN = {
    "small": SMALL,
    "published": PUBLISHED,
    "all alike": replace(SMALL, pairs=[pair("base", *[1.0] * 5, bar=1.0)] * 9),
    "far apart": replace(SMALL, pairs=[pair(LONG, 0.01, 99.0, bar=None), pair("base", 1.0, subject=LONG, bar=123.0)]),
}
LETTER = 0.58  # of the size of the text, how wide one is on average in a wide face such as DejaVu Sans Bold


def boxes(svg: str) -> list[tuple[str, float, float, float, float]]:
    """Return each text with its left, right, top and bottom."""
    found = []
    for kind, x, y, text in re.findall(r'<text(?: class="([^"]*)")? x="([-\d.]+)" y="([-\d.]+)">([^<]*)<', svg):
        size = 16 if "title" in kind else 12 if "dim" in kind else 13
        width = len(text) * LETTER * size
        left = float(x) - width * (1 if "end" in kind else 0.5 if "middle" in kind else 0)
        found.append((text, left, left + width, float(y) - size * 0.8, float(y) + size * 0.2))
    return found


@pytest.mark.parametrize("shown", DRAWN.values(), ids=list(DRAWN))
def test_no_text_overlaps_another_or_the_edge(shown: Figures) -> None:
    svg = picture.svg(shown)
    read(svg)
    found = boxes(svg)
    assert {str(each.base) for each in shown.pairs} <= {text for text, *_ in found}
    assert_that_all_can_be_read(svg)


def assert_that_all_can_be_read(svg: str) -> None:
    found = boxes(svg)
    assert all(left >= 0 and right <= picture.WIDTH for _, left, right, *_ in found)
    for one, other in combinations(found, 2):
        beside = one[2] <= other[1] or other[2] <= one[1]
        above = one[4] <= other[3] or other[4] <= one[3]
        assert beside or above, (one, other)


@pytest.mark.parametrize("shown", DRAWN.values(), ids=list(DRAWN))
def test_nothing_is_drawn_beyond_its_scale(shown: Figures) -> None:
    found = re.findall(r'<circle class="round" cx="([\d.]+)" cy="([\d.]+)"', picture.svg(shown))
    assert len(found) == 1 + sum(len(each.ratios) for each in shown.pairs), "that of the legend and one for each round"
    assert all(picture.LEFT <= float(x) <= picture.RIGHT for x, _ in found)


def test_every_colour_has_a_dark_variant_with_enough_contrast() -> None:
    light, dark = picture.STYLE.split("@media (prefers-color-scheme: dark) {")
    schemes = [
        {
            name.strip(): colour
            for names, colour in re.findall(r"([^{}]+)\{[^}]*?(?:fill|stroke): (#[0-9a-f]{6})", scheme)
            for name in names.split(",")
        }
        for scheme in (light, dark)
    ]
    assert schemes[0].keys() == schemes[1].keys()
    assert not re.search(r"#[0-9a-f]{3,6}", picture.svg(SMALL).partition("</style>")[2]), "none is fixed in the drawing"
    for colours in schemes:
        for name in ("text", ".dim", ".above"):
            assert contrast(colours[name], colours[".page"]) >= 4.5, name
        for name in (".app", ".postgres", ".median", ".bar", ".round", ".axis"):
            assert contrast(colours[name], colours[".page"]) >= 3, name


def test_a_ratio_above_its_target_is_marked() -> None:
    shown = [text for text, *_ in boxes(picture.svg(SMALL))]
    assert "above the bar, 2.00" in shown
    assert "within the bar, 2.00" in shown
    assert [text for text in shown if text in {"2.20", "1.30"}] == ["2.20", "1.30"]


def test_the_published_files_are_up_to_date() -> None:
    assert (DOCS / "performance.svg").read_text() == picture.svg(PUBLISHED)
    page = (DOCS / "performance.md").read_text()
    output = page.partition("## Bars that were missed\n\n")[2].partition("\n\nThe picture")[0]
    assert output == missed(PUBLISHED)
    assert len(re.findall("^- ", output, re.MULTILINE)) == page.count("| ABOVE |") + page.count(": BELOW")


def test_the_published_figures_match_the_tables() -> None:
    page = (DOCS / "performance.md").read_text()
    for each in PUBLISHED.pairs:
        middle, least, most = (f"{figure:.2f}" for figure in (each.ratio, min(each.ratios), max(each.ratios)))
        assert f"| {each.subject} / {each.base} | {middle} | {least} | {most} |" in page
        for name, cost in ((each.base, each.base_cost), (each.subject, each.subject_cost)):
            assert f"| {name} | {cost.app:.0f} | {cost.postgres:.0f} | {cost.cpu:.0f} |" in page
    steady = PUBLISHED.steady
    assert f"| {steady.ratio:.2f} | {steady.least:.2f} | {steady.greatest:.2f} | {steady.bar:.2f} |" in page
    assert f"| {steady.p50:.2f} | " in page.partition("service, half rate")[2].partition("\n")[0]
    assert f"{PUBLISHED.speed.per_core:,.0f} events a second and core by the four rules" in page


def test_a_missed_target_is_reported_with_its_known_cause() -> None:
    [shown] = missed(SMALL).splitlines()
    assert shown.startswith(f"- **service / {PREPARED}: 2.20, the bar is 2.00.** Of the 360 µs that the subject costs")
    assert "300 are the application's and 60 PostgreSQL's" in shown
    assert "The bar was set for statements sent as text: with those it is 1.30." in shown
    without = replace(SMALL, pairs=SMALL.pairs[:1])
    assert "statements sent as text" not in missed(without)
    slow = replace(SMALL, pairs=[], steady=replace(STEADY, ratio=5.01), speed=Speed(bar=50_000, per_core=49_999))
    first, second = missed(slow).splitlines()
    assert first.startswith("- **p99 / p50 at half rate: 5.01, the bar is 5.00.** From round to round")
    assert second.startswith("- **Backtest by the four rules: 49,999 events a second and core, the bar is 50,000.**")


def test_meeting_all_targets_is_stated() -> None:
    assert missed(replace(SMALL, pairs=[pair("base", 2.0), pair("base", 9.0, bar=None)])) == "None."


LATENCY = Latency(rate=100, p50=2, p95=3, p99=8)
BASE, SUBJECT = (Measured(app=app, postgres=50, latency=LATENCY) for app in (50, 150))
COMPARISON = Comparison(
    title="", base="base", subject="service", bar=1.5, rounds=[Round(base=BASE, subject=SUBJECT)] * 2
)
RESULTS = Results(
    floors=[COMPARISON],
    growth=[],
    rules=COMPARISON,
    windows=[],
    batches=replace(COMPARISON, bar=None),
    beside_batches=LATENCY,
    past=Past(
        events=1, users=1, alerts=0, passes={name: [Judged(app=20, postgres=1, rate=9)] * 2 for name in (READ, FOUR)}
    ),
    steadiness=Steadiness(target=50, bar=5, runs=[LATENCY] * 2),
    checked=1,
)


def test_measurements_round_trip_through_the_file(tmp_path: Path) -> None:
    document.write(tmp_path, RESULTS, [("CPU", "one")], QUICK)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["performance.json", "performance.md", "performance.svg"]
    kept = figures.read(tmp_path / "performance.json")
    assert kept == figures.figures_of(RESULTS, kept.measured)
    assert [each.ratios for each in kept.pairs] == [[2.0, 2.0]] * 3
    assert kept.pairs[0].subject_cost == Cost(app=150, postgres=50)
    assert (kept.steady.ratio, kept.speed.per_core) == (4.0, 50_000)
    assert (tmp_path / "performance.svg").read_text() == picture.svg(kept)
    assert f"## Bars that were missed\n\n{missed(kept)}\n" in (tmp_path / "performance.md").read_text()
    assert missed(kept).startswith("- **service / base: 2.00, the bar is 1.50.**")


def test_a_picture_of_costs_alone_has_a_bar_for_each(tmp_path: Path) -> None:
    costs = {"bare": Cost(app=1, postgres=2), "whole": Cost(app=60, postgres=30)}
    picture.draw_costs("Costs", costs, tmp_path / "costs.svg")
    svg = (tmp_path / "costs.svg").read_text(encoding="utf-8")
    assert all(f">{text}<" in svg for text in ("Costs", "bare", "whole", "3", "90"))
    assert_that_all_can_be_read(svg)


PART = Part(name="reading the rows", before=Cost(app=12.34, postgres=2), now=Cost(app=7.89, postgres=1))
PARTS = PartFigures(
    measured="2026-01-02",
    before="abc",
    events=1000,
    alerts=500,
    parts=[PART],
    whole=replace(PART, name=part_figures.WHOLE),
    rates=[110_000, 120_000, 90_000],
    machine=[("CPU", "one")],
)


def test_the_parts_of_a_backtest_are_written_with_a_bar_for_before_and_now(tmp_path: Path) -> None:
    part_figures.write(tmp_path, PARTS)
    assert part_figures.read(tmp_path / "backtest-performance.json") == PARTS
    svg = (tmp_path / "backtest-performance.svg").read_text(encoding="utf-8")
    assert all(svg.count(f">{text}<") == 2 for text in ("now", "14.3", "8.9"))
    assert_that_all_can_be_read(svg)
    page = (tmp_path / "backtest-performance.md").read_text(encoding="utf-8")
    assert "| reading the rows | 12.34 | 7.89 | 4.45 |" in page
    assert "**110,000 events a second and core; the bar is 100,000: PASS.** Before: 81,037." in page


def test_the_published_parts_of_a_backtest_match_their_figures(tmp_path: Path) -> None:
    part_figures.write(tmp_path, part_figures.read(DOCS / "backtest-performance.json"))
    for file in tmp_path.iterdir():
        assert (DOCS / file.name).read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
