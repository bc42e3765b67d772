"""`python -m bench.backtest`: measure what judging all that is stored costs, and write docs/backtest.md.

`--quick`: few events in one round, for errors and for events that do not agree; writes nothing.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.config import read_settings
from bench import machine
from bench.backtest import document, events
from bench.backtest.measure import Measurement
from bench.database import production_postgres
from bench.errors import BenchError
from bench.servers import ROOT
from lib.local.errors import LocalError

USERS, EACH, ROUNDS = 2000, 500, 5
QUICK_EACH = 10


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.backtest", description="Measures what a backtest costs.")
    parser.add_argument("--quick", action="store_true", help="few events, one round; writes no document")
    quick = parser.parse_args().quick
    console = Console(stderr=True)
    try:
        measure(QUICK_EACH if quick else EACH, 1 if quick else ROUNDS, console, writes=not quick)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


def measure(each: int, rounds: int, console: Console, *, writes: bool) -> None:
    """Store, measure so many rounds, and show them."""
    with production_postgres() as postgres:
        os.environ["DATABASE_URL"] = postgres.url
        url = postgres.create("past")
        with console.status("storing events"):
            alerts = events.store(url, users=USERS, each=each)
        measurement = Measurement(url, postgres.process, USERS * each)
        for number in range(1, rounds + 1):
            with console.status(f"round {number} of {rounds}"):
                measurement.round()
        measurement.close()
        described = machine.describe(url, read_settings(Path(os.devnull)))
    show(measurement)
    if writes:
        stored = f"{USERS * each:,} events of {USERS:,} users, {alerts:,} alerts"
        document.write(ROOT / "docs", measurement.subjects, stored, described)


def show(measurement: Measurement) -> None:
    """Print the figures."""
    console = Console()
    console.width = max(console.width, 140)  # a pipe would be taken for a narrow terminal
    for headings, rows in (
        (document.HEADINGS, document.rows(measurement.subjects)),
        (("", "median", "min", "max"), document.ratio_rows(measurement.subjects)),
    ):
        table = Table(*headings)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print(document.judgement(measurement.subjects))


if __name__ == "__main__":
    sys.exit(main())
