"""`python -m bench`: measure the service and write docs/performance.md; `--quick`: in about a minute, for its form.

Ends with status 1 when something fails or answers wrongly, 2 when a program is missing, never because of a time.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.config import Settings
from bench import batches, document, editions, floor_ratio, growth, machine, statements, tables, windows, wrk
from bench.backtest import measure
from bench.database import Postgres, production_postgres
from bench.errors import BenchError, ToolMissing
from bench.results import Results
from bench.scale import FULL, QUICK, Scale
from bench.servers import ROOT
from bench.site import Site, settings_for
from lib.local.terminal import LocalError

_FAILED, _MISSING = 1, 2


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures what an event costs.")
    parser.add_argument("--quick", action="store_true", help="in about a minute; writes no document")
    quick = parser.parse_args().quick
    console = Console(stderr=True)
    try:
        wrk.find()
        statements.find()
        _run(QUICK if quick else FULL, console, writes=not quick)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return _MISSING if isinstance(error, ToolMissing) else _FAILED
    return 0


def _run(scale: Scale, console: Console, *, writes: bool) -> None:
    with production_postgres() as postgres:
        settings = settings_for(postgres)
        results = _measure(postgres, settings, scale, console)
        described = machine.describe(postgres.url, settings)
    tables.show(results, Console())
    if writes:
        document.write(ROOT / "docs", results, described, scale)


def _measure(postgres: Postgres, settings: Settings, scale: Scale, console: Console) -> Results:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Progress(*columns, console=console) as progress:
        site = Site(postgres=postgres, settings=settings, folder=Path(folder), scale=scale, progress=progress)
        floors, steadiness, answers = floor_ratio.measure(site)
        store, decisions = growth.of_store(site)
        user = growth.of_user(site)
        of_batches, beside_batches = batches.of_batches(site)
        return Results(
            floors=floors,
            growth=[store, user],
            rules=editions.of_rules(site),
            windows=windows.of_windows(site),
            batches=of_batches,
            beside_batches=beside_batches,
            past=measure.of_past(site),
            steadiness=steadiness,
            checked=answers + decisions,
        )


if __name__ == "__main__":
    sys.exit(main())
