"""The figures of the parts of a backtest, and what is written of them: a page, its picture, and the figures as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import picture
from bench.document import markdown_table
from bench.figures import Cost
from bench.tables import SPEED_BAR

WHOLE = "the whole backtest"
TITLE = "What an event costs in a backtest by four rules, before and now"
NAME = "backtest-performance"
_COLUMNS = ("", "before, µs", "now, µs", "saved, µs")
_TEXT = """# Where the CPU time of a backtest goes

Written by `make bench.backtest` on {measured}. [backtest.md](backtest.md) says what a backtest does;
[performance.md](performance.md#judging-stored-events-again) has its speed beside that of other commands.

![CPU time of an event in a backtest, part by part, before and now](backtest-performance.svg)

{table}

CPU time of an event in the process that judges: medians of {rounds} rounds over {events:,} events with {alerts:,}
alerts by the four rules of the contract. *Before* is the revision {before}. Both read the same database, one right
after the other, and collect garbage as the processes of a backtest do. The parts are differences of runs: each does
what the one before does and one thing more; the last is the whole backtest. PostgreSQL's own cost of reading,
{postgres_before:.2f} µs before and {postgres:.2f} µs now, is in the picture and not in the table.

**{rate:,.0f} events a second and core; the bar is {bar:,}: {verdict}.** Before: {rate_before:,.0f}. From round to round
it went from {least:,.0f} to {greatest:,.0f}. Rates depend on the machine; less so that an event now costs
{ratio:.2f} times what it cost before.

## The machine

{machine}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part of a backtest costs an event, before and now."""

    name: str
    before: Cost
    now: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFigures:
    """All of one run; `rates`: events a second and core now, round by round."""

    measured: str
    before: str
    events: int
    alerts: int
    parts: Sequence[Part]
    whole: Part
    rates: Sequence[float]
    machine: Sequence[tuple[str, str]]


def write(folder: Path, figures: PartFigures) -> None:
    """Write the page, its picture, and the figures that both show."""
    (folder / f"{NAME}.json").write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    (folder / f"{NAME}.md").write_text(page(figures), encoding="utf-8")
    draw(figures, folder / f"{NAME}.svg")


def read(file: Path) -> PartFigures:
    """Read the figures that were written."""
    body: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    parts, whole = [_part(each) for each in body["parts"]], _part(body["whole"])
    return PartFigures(**{**body, "parts": parts, "whole": whole, "machine": list(map(tuple, body["machine"]))})


def _part(kept: Mapping[str, Any]) -> Part:
    return Part(name=kept["name"], before=Cost(**kept["before"]), now=Cost(**kept["now"]))


def draw(figures: PartFigures, file: Path) -> None:
    """Draw the parts, and the whole below them."""
    picture.draw_pairs(TITLE, {each.name: (each.before, each.now) for each in (*figures.parts, figures.whole)}, file)


def page(figures: PartFigures) -> str:
    """Return the page."""
    whole, rate = figures.whole, median(figures.rates)
    return _TEXT.format(
        measured=figures.measured,
        table=markdown_table(list(_COLUMNS), [_row(each) for each in (*figures.parts, whole)]),
        rounds=len(figures.rates),
        events=figures.events,
        alerts=figures.alerts,
        before=figures.before,
        postgres_before=whole.before.postgres,
        postgres=whole.now.postgres,
        rate=rate,
        rate_before=1e6 / whole.before.app,
        ratio=whole.now.app / whole.before.app,
        bar=SPEED_BAR,
        verdict="PASS" if rate >= SPEED_BAR else "BELOW",
        least=min(figures.rates),
        greatest=max(figures.rates),
        machine="\n".join(f"- {name}: {text}" for name, text in figures.machine),
    )


def _row(part: Part) -> list[str]:
    before, now = part.before.app, part.now.app
    return [part.name, *(f"{each:.2f}" for each in (before, now, before - now))]
