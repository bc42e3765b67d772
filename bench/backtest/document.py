"""docs/backtest.md: how all that is stored is judged, and what that costs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.backtest.measure import FOUR, READ, Run, Subject
from bench.machine import Description
from bench.tables import RATIOS

BAR, AIM = 50_000, 100_000  # events a second and core

HEADINGS = ("", "µs of CPU an event", "PostgreSQL's besides", "events a second and core", "min", "max", "by the clock")

PAGE = Path(__file__).with_name("page.md")


def rows(subjects: Mapping[str, Subject]) -> list[list[str]]:
    """Return a row for each subject."""
    return [
        [
            subject.name,
            f"{subject.middle(lambda run: run.work):.2f}",
            f"{subject.middle(lambda run: run.postgres):.2f}",
            *(f"{each:,.0f}" for each in (median(subject.per_core), min(subject.per_core), max(subject.per_core))),
            f"{subject.middle(lambda run: run.rate):,.0f}",
        ]
        for subject in subjects.values()
    ]


def ratios(subjects: Mapping[str, Subject], of: str) -> list[float]:
    """Return how many times the bare read a subject costs, PostgreSQL's share included, round by round."""
    return [both(run) / both(bare) for run, bare in zip(subjects[of].runs, subjects[READ].runs, strict=True)]


def both(run: Run) -> float:
    """Return the CPU of both sides."""
    return run.work + run.postgres


def ratio_rows(subjects: Mapping[str, Subject]) -> list[list[str]]:
    """Return a row for each subject as a multiple of the bare read."""
    found = []
    for name in subjects:
        if name != READ:
            each = ratios(subjects, name)
            found.append([f"{name} / {READ}", *(f"{value:.1f}" for value in (median(each), min(each), max(each)))])
    return found


def judgement(subjects: Mapping[str, Subject]) -> str:
    """Say in a line whether the speed is what was asked for."""
    speed = median(subjects[FOUR].per_core)
    passed = "PASS" if speed >= BAR else "BELOW"
    return f"Bar: {BAR:,} events a second and core by the four rules; here {speed:,.0f}: {passed}. The aim was {AIM:,}."


def write(folder: Path, subjects: Mapping[str, Subject], stored: str, described: Description) -> None:
    """Write the page."""
    page = PAGE.read_text(encoding="utf-8").format(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        costs=table(HEADINGS, rows(subjects)),
        ratios=table(RATIOS[:4], ratio_rows(subjects)),
        judgement=judgement(subjects),
        rounds=len(subjects[READ].runs),
        stored=stored,
        machine="\n".join(f"- {name}: {text}" for name, text in described if name != "Service"),
    )
    (folder / "backtest.md").write_text(page, encoding="utf-8")


def table(headings: tuple[str, ...], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))
