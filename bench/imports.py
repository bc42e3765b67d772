"""`python -m bench.imports`: what an import of a file costs, beside a bare COPY of the same file.

`--quick`: in a few seconds, for its form; without it, docs/import-performance.md and its picture are written. The exit
status is 1 if something fails or is stored wrongly, never because of a time.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
import psycopg2
from rich.console import Console
from rich.progress import track
from sqlalchemy import create_engine

from app.config import sqlalchemy_url
from app.events.domain import EventOrder
from app.events.policy import EventPolicy
from app.intake import controllers
from app.intake.forms import FileForm
from app.intake.under_way import ImportRun, Outcome, Request
from bench import machine, picture
from bench.cpu import SETTLE, cpu_seconds
from bench.database import Postgres, production_postgres, run
from bench.document import markdown_table
from bench.errors import BenchError
from bench.figures import Cost
from bench.results import verdict
from bench.servers import ROOT
from bench.site import settings_for
from lib.database import Database
from lib.local.terminal import LocalError

BAR = 20_000  # events a second, on two cores
JOBS = 2
PLAYERS = 2000
LINES, ROUNDS = 1_000_000, 3
QUICK_LINES, QUICK_ROUNDS = 20_000, 1
BARE, STORED, WHOLE = "bare COPY of the file", "all until the events are stored", "the whole import"
PHASES = ("reading", "checking", "importing", "verifying")
SUMS = {STORED: PHASES[:3], WHOLE: PHASES}
COLUMNS = ("", "application, µs", "PostgreSQL, µs", "together, µs", "events/s")
_TEXT = """# What an import costs

Written by `make bench.imports` on {date}. [import.md](import.md) says what an import does.

![CPU time of an event, phase by phase](import-performance.svg)

{table}

CPU time of an event, all processes together, and events a second by the clock: medians of {rounds} rounds with a CSV
of {lines:,} lines of {players:,} players in order of time, which raise {alerts:,} alerts, by {jobs} processes. A round
is a bare COPY of the file into a table without an index, then the import into an empty database.

**{rate:,.0f} events a second; the bar is {bar:,}: {verdict}.** The import costs {ratio:.0f} times the CPU of the bare
COPY ({least:.0f} to {greatest:.0f}). No process took more than {memory:.0f} MB. When it began, {load:.1f} processes
of others wanted a processor: above zero, the rates by the clock are too low, and the CPU times a little too high.

## The machine

{machine}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Seconds by the clock, and CPU seconds of the application and of PostgreSQL."""

    seconds: float
    app: float
    postgres: float


@dataclass(slots=True)
class Watch:
    """Measures phases, one after the other."""

    postgres: psutil.Process
    passes: dict[str, Pass] = field(default_factory=dict)
    memory: float = 0  # bytes
    _phase: str = ""
    _at: tuple[float, float, float] = (0, 0, 0)

    def begin(self, phase: str) -> None:
        """End the phase before, and begin this one; the same one goes on."""
        own = psutil.Process()
        self.memory = max(self.memory, *(_resident(each) for each in (own, *own.children())))
        if phase != self._phase:
            self._measure(phase, time.monotonic())

    def end(self) -> None:
        """End the last phase; the CPU time of a process that has just ended is known a little later."""
        at = time.monotonic()
        time.sleep(SETTLE)
        self._measure("", at)

    def _measure(self, phase: str, at: float) -> None:
        now = (at, cpu_seconds(psutil.Process()), cpu_seconds(self.postgres))
        if self._phase:
            seconds, app, postgres = (after - before for after, before in zip(now, self._at, strict=True))
            self.passes[self._phase] = Pass(seconds=seconds, app=app, postgres=postgres)
        self._phase, self._at = phase, now


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description="Measures imports.")
    parser.add_argument("--quick", action="store_true", help="in a few seconds; writes nothing")
    quick = parser.parse_args().quick
    console = Console(stderr=True)
    try:
        load, *_ = os.getloadavg()
        with production_postgres() as postgres, tempfile.TemporaryDirectory(prefix="bench-") as folder:
            settings = settings_for(postgres)
            file = Path(folder) / "events.csv"
            lines, rounds = (QUICK_LINES, QUICK_ROUNDS) if quick else (LINES, ROUNDS)
            _write_events(file, lines)
            measured = [_round(postgres, file, lines, n) for n in track(range(rounds), "Import", console=console)]
            described = machine.describe(postgres.url, settings)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    page = _page(measured, lines, load, described)
    Console().print(page, markup=False, highlight=False, soft_wrap=True)
    if not quick:
        (ROOT / "docs/import-performance.md").write_text(page, encoding="utf-8")
        costs = {name: _cost(measured, name, lines) for name in (BARE, *PHASES, *SUMS)}
        picture.draw_costs("What importing an event costs", costs, ROOT / "docs/import-performance.svg")
    return 0


def _write_events(file: Path, lines: int) -> None:
    """Write the events: as those of the measurement of backtests, in order of time."""
    chance = random.Random(1)  # noqa: S311  # the same file every time
    with file.open("w", encoding="utf-8") as out:
        out.write("t,user_id,type,amount\n")
        for n in range(lines):
            t = 1_760_000_000 + n // PLAYERS * 20 + chance.randrange(16)
            kind = "withdraw" if chance.random() < 0.3 else "deposit"  # noqa: PLR2004  # three in ten
            out.write(f"{t},{n % PLAYERS + 1},{kind},{chance.randrange(500, 16_884) / 100:.2f}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The passes of one round by name, the alerts raised, and the most memory of a process in bytes."""

    passes: dict[str, Pass]
    alerts: int
    memory: float

    @property
    def ratio(self) -> float:
        """How many times the CPU of the bare COPY the import takes."""
        whole, bare = self.passes[WHOLE], self.passes[BARE]
        return (whole.app + whole.postgres) / (bare.app + bare.postgres)


def _round(postgres: Postgres, file: Path, lines: int, number: int) -> Round:
    url = postgres.create(f"import_{number}")
    run(url, "CREATE TABLE bare (t bigint, user_id bigint, type activity_type, amount numeric(14, 2))")
    bare = Watch(postgres.process)
    bare.begin(BARE)
    with closing(psycopg2.connect(url)) as connection, file.open(encoding="utf-8") as content:
        with connection, connection.cursor() as cursor:
            cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv, HEADER)", content)
        bare.end()  # before its session ends, with the CPU time that only its own process knows until then
    watch = Watch(postgres.process)
    outcome = _import(url, file, watch)
    found = outcome.findings
    if outcome.job.imported != lines or found is None or found.different or found.lost:
        raise BenchError(f"{outcome.job.imported:,} of {lines:,} events were imported; verifying found {found}")
    [(alerts,)] = run(url, "SELECT count(*) FROM alert")
    sums = {name: _sum([watch.passes[phase] for phase in phases]) for name, phases in SUMS.items()}
    return Round(passes={**bare.passes, **watch.passes, **sums}, alerts=alerts, memory=watch.memory)


def _sum(passes: list[Pass]) -> Pass:
    return Pass(**{name: sum(getattr(each, name) for each in passes) for name in Pass.__slots__})


def _import(url: str, file: Path, watch: Watch) -> Outcome:
    engine = create_engine(sqlalchemy_url(url))
    database = Database(engine, deadline=60)
    watch.begin("reading")
    outcome = controllers.import_file(
        ImportRun(
            database=database,
            engine=engine,
            policy=EventPolicy(order=EventOrder.USER, registered_users_only=False),
            jobs=JOBS,
            progress=lambda phase, _, __: watch.begin(phase),
        ),
        Request(path=file, form=FileForm(), options={}),
        lambda *_: None,
    )
    watch.end()
    database.close()
    engine.dispose()
    return outcome


def _cost(rounds: list[Round], name: str, lines: int) -> Cost:
    app, postgres = (median(getattr(each.passes[name], part) for each in rounds) for part in ("app", "postgres"))
    return Cost(app=app * 1e6 / lines, postgres=postgres * 1e6 / lines)


def _rate(rounds: list[Round], name: str, lines: int) -> float:
    return lines / median(each.passes[name].seconds for each in rounds)


def _rows(rounds: list[Round], lines: int) -> Iterator[list[str]]:
    for name in (BARE, *PHASES, *SUMS):
        cost = _cost(rounds, name, lines)
        yield [
            name,
            *(f"{each:.1f}" for each in (cost.app, cost.postgres, cost.cpu)),
            f"{_rate(rounds, name, lines):,.0f}",
        ]


def _page(rounds: list[Round], lines: int, load: float, described: machine.Description) -> str:
    rate, ratios = _rate(rounds, WHOLE, lines), [each.ratio for each in rounds]
    return _TEXT.format(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        table=markdown_table(list(COLUMNS), _rows(rounds, lines)),
        rounds=len(rounds),
        lines=lines,
        players=PLAYERS,
        alerts=rounds[0].alerts,
        jobs=JOBS,
        rate=rate,
        bar=BAR,
        verdict=verdict(BAR / rate, 1),
        ratio=median(ratios),
        least=min(ratios),
        greatest=max(ratios),
        load=load,
        memory=max(each.memory for each in rounds) / 2**20,
        machine="\n".join(f"- {name}: {text}" for name, text in described),
    )


if __name__ == "__main__":
    sys.exit(main())
