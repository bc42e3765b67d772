"""`python -m bench.backtest.parts`: of what the CPU time of a backtest is made, in another revision and here.

Writes docs/backtest-performance.md, its picture, and the figures that both show; `--quick` measures few events and
writes nothing. The exit status is 1 if something fails, never because of a time.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track

from bench import machine
from bench.backtest import events, part_figures
from bench.backtest.part_figures import Part, PartFigures
from bench.cpu import Meter
from bench.database import Postgres, production_postgres
from bench.errors import BenchError
from bench.figures import Cost
from bench.servers import ROOT
from bench.site import settings_for
from lib.local.terminal import LocalError

BEFORE = "ae125a87ec00"  # the revision before backtests were made faster
USERS, EACH, ROUNDS = 500, 500, 9
QUICK_USERS, QUICK_ROUNDS = 20, 1
# What each stage does besides what the stage before it does.
STAGES = {
    "read": "reading the rows",
    "make": "making events of them",
    "remember": "keeping each player's history",
    "evaluate": "evaluating the rules",
    "count": "counting",
}


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.backtest.parts", description="Measures parts of backtests.")
    parser.add_argument("--before", default=BEFORE, metavar="REVISION", help="what to compare with (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="in a few seconds; writes nothing")
    given = parser.parse_args()
    console = Console(stderr=True)
    try:
        with production_postgres() as postgres:
            figures = _measure(postgres, given.before, console, quick=given.quick)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    Console().print(part_figures.page(figures), markup=False, highlight=False, soft_wrap=True)
    if not given.quick:
        part_figures.write(ROOT / "docs", figures)
    return 0


def _measure(postgres: Postgres, before: str, console: Console, *, quick: bool) -> PartFigures:
    users, rounds = (QUICK_USERS, QUICK_ROUNDS) if quick else (USERS, ROUNDS)
    url = postgres.create("parts")
    alerts = events.store(url, users=users, each=EACH)
    with _tree_of(before) as tree, _side(tree, url, users * EACH) as old, _side(ROOT, url, users * EACH) as now:
        for number in track(range(rounds), "Backtest, part by part", console=console):
            for side in (old, now) if number % 2 else (now, old):
                side.round(postgres)
    return PartFigures(
        measured=datetime.now(UTC).strftime("%Y-%m-%d"),
        before=before,
        events=users * EACH,
        alerts=alerts,
        parts=[Part(name=name, before=old.part(stage), now=now.part(stage)) for stage, name in STAGES.items()],
        whole=Part(name=part_figures.WHOLE, before=old.whole, now=now.whole),
        rates=now.rates,
        machine=machine.describe(url, settings_for(postgres)),
    )


@contextmanager
def _tree_of(revision: str) -> Iterator[Path]:
    """Yield a folder with the files of a revision."""
    found = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=False)  # noqa: S607
    if found.returncode != 0:
        raise BenchError(f"git has no revision {revision} here: {found.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with tarfile.open(fileobj=io.BytesIO(found.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


@contextmanager
def _side(tree: Path, url: str, stored: int) -> Iterator["Side"]:
    """Run the stages with the code of a tree, as long as the context lasts."""
    command = [sys.executable, "-P", str(ROOT / "bench/backtest/stages.py"), url]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Side(process, stored)


class Side:
    """What one tree costs, in microseconds of CPU an event."""

    def __init__(self, process: "subprocess.Popen[str]", stored: int) -> None:
        self._process, self._stored = process, stored
        self._app: dict[str, list[float]] = {stage: [] for stage in STAGES}
        self._postgres: list[float] = []

    def round(self, postgres: Postgres) -> None:
        """Run each stage once."""
        meter = Meter(postgres.process)
        for stage, spent in self._app.items():
            spent.append(self._run(stage))
            if stage == "read":
                self._postgres += [each * 1e6 / self._stored for each in meter.read()]

    def part(self, stage: str) -> Cost:
        """Return what a stage costs besides the one before it."""
        stages = list(STAGES)
        place = stages.index(stage)
        before = self._app[stages[place - 1]] if place else [0.0] * len(self._app[stage])
        own = median(after - each for after, each in zip(self._app[stage], before, strict=True))
        return Cost(app=own, postgres=0 if place else median(self._postgres))

    @property
    def whole(self) -> Cost:
        """What the last stage costs."""
        return Cost(app=median(self._whole), postgres=median(self._postgres))

    @property
    def rates(self) -> list[float]:
        """Events a second and core of the whole backtest, round by round."""
        return [1e6 / each for each in self._whole]

    @property
    def _whole(self) -> list[float]:
        return self._app[list(STAGES)[-1]]

    def _run(self, stage: str) -> float:
        if not self._process.stdin or not self._process.stdout:
            raise BenchError("the stages cannot be asked")
        self._process.stdin.write(f"{stage}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchError(f"the stage {stage} failed")
        return float(answer) * 1e6 / self._stored


if __name__ == "__main__":
    sys.exit(main())
