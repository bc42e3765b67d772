"""`python -m bench.bulkheads`: the p99 of events, with and without clients that read, draft rules or lock a player.

Both sides of a ratio are measured right after each other, round by round. `--quick`: in about a minute, for its form;
without it, docs/bulkheads.md is written. The exit status is 1 if something fails or any event is refused, never because
of a time.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import wrk
from bench.crowd import Crowd, crowding
from bench.database import production_postgres, run
from bench.document import markdown_table
from bench.errors import BenchError
from bench.results import verdict
from bench.rounds import next_t
from bench.scale import FULL, QUICK, USUAL_EVENTS, Scale
from bench.servers import Server
from bench.site import Site, settings_for
from bench.stored import Population
from bench.wrk import Load
from lib.local.terminal import LocalError

BAR = 3.0  # for the p99 of events, as a multiple of what it is without
_USERS = 2000
_HEAVY, _VARIED = _USERS + 1, _USERS + 2  # the player with a long history, the one with very many different answers
_HISTORY = {FULL.rounds: 4_000_000, QUICK.rounds: 100_000}
_CONNECTIONS, _PAUSE = 8, 20  # of the events: so many, each pausing so many milliseconds on average
_VARIED_ANSWERS = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes)
    SELECT %(user)s, n, 'deposit', 1, ARRAY[1, 100000 + n] FROM generate_series(1, 100000) AS n
"""
_EVENT = json.dumps({"type": "deposit", "amount": "1", "user_id": _HEAVY, "t": 2**62})
# Stored by the first, replayed to all others.
_BATCH = json.dumps([{"type": "deposit", "amount": "1", "user_id": 2**40 + each, "t": 1} for each in range(500)])
_LOCK = f"SELECT FROM user_clock WHERE user_id = {_HEAVY} FOR UPDATE"  # a number of ours
CROWDS = {
    "totals of a long history": Crowd(clients=8, method="GET", path=f"/users/{_HEAVY}"),
    "a code among very many answers": Crowd(clients=8, method="GET", path=f"/users/{_VARIED}/events?code=5"),
    "events of a locked player": Crowd(clients=12, method="POST", path="/event", body=_EVENT),
    "lists of alerts": Crowd(clients=8, method="GET", path="/alerts?limit=200"),
    "metrics": Crowd(clients=8, method="GET", path="/metrics"),
    "batches of 500 events": Crowd(clients=8, method="POST", path="/events", body=_BATCH),
    "drafts of rules": Crowd(clients=8, method="POST", path="/rules", body=json.dumps({"edition": 1})),
}
_LOCKED = "events of a locked player"
COLUMNS = ("crowd", "without, ms", "with, ms", "ratio", "min", "max", "bar", "")
PAGE = Path("docs/bulkheads.md")
_TEXT = """# Events beside a crowd

Written by `make bench.bulkheads` on {date}. [settings.md](settings.md#bulkheads) says how crowds are kept from events.

{table}

The p99 of other players' events while many clients repeat one request: medians of {rounds} rounds, each {seconds} s
without the crowd and {seconds} s with it. The load generator, the crowd, the service and PostgreSQL share the
processors of one machine, so part of the difference is their competition.
"""


def main() -> int:
    """Measure; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.bulkheads", description="Measures events beside a crowd.")
    parser.add_argument("--quick", action="store_true", help="in about a minute")
    scale = QUICK if parser.parse_args().quick else FULL
    console = Console(stderr=True)
    try:
        wrk.find()
        ratios = _on_a_site_of_its_own(scale, console)
    except (BenchError, LocalError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    Console().print(_table(ratios))
    if scale is FULL:
        PAGE.write_text(_page(ratios))
    return 0


def _on_a_site_of_its_own(scale: Scale, console: Console) -> dict[str, list[tuple[float, float]]]:
    with (
        production_postgres() as postgres,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Progress(console=console) as progress,
    ):
        settings = settings_for(postgres)
        return _measure(Site(postgres=postgres, settings=settings, folder=Path(folder), scale=scale, progress=progress))


def _measure(site: Site) -> dict[str, list[tuple[float, float]]]:
    """Return for each crowd the p99 of events without and with it, in milliseconds, round by round."""
    heavy = Population(users=1, events_each=_HISTORY[site.scale.rounds], first_user=_HEAVY)
    url = site.database("bulkheads", Population(users=_USERS, events_each=USUAL_EVENTS), heavy)
    run(url, _VARIED_ANSWERS, {"user": _VARIED})
    with site.service("bulkheads", url) as server:
        _p99(server, site.scale.warm_up)
        return {
            name: [
                _round(server, url, name, site.scale)
                for _ in site.progress.track(range(site.scale.rounds), description=name)
            ]
            for name in CROWDS
        }


def _round(server: Server, url: str, name: str, scale: Scale) -> tuple[float, float]:
    without = _p99(server, scale.seconds)
    held = _locked(url) if name == _LOCKED else nullcontext()
    with held, crowding(CROWDS[name], server.url):
        return without, _p99(server, scale.seconds)


@contextmanager
def _locked(url: str) -> Iterator[None]:
    with closing(psycopg2.connect(url)) as other, other.cursor() as cursor:
        cursor.execute(_LOCK)
        yield


def _p99(server: Server, seconds: int) -> float:
    load = Load(users=_USERS, connections=_CONNECTIONS, mean_pause=_PAUSE)
    return wrk.send(load, server.url, first_t=next_t(), seconds=seconds).latency.p99


def _table(rounds_of: dict[str, list[tuple[float, float]]]) -> Table:
    table = Table(title="p99 of events beside a crowd, as a multiple of what it is without", title_justify="left")
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if number else "left")
    for row in _rows(rounds_of):
        table.add_row(*row)
    return table


def _rows(rounds_of: dict[str, list[tuple[float, float]]]) -> Iterator[list[str]]:
    for name, rounds in rounds_of.items():
        ratios = [beside / without for without, beside in rounds]
        figures = [*(median(side) for side in zip(*rounds, strict=True)), median(ratios), min(ratios), max(ratios), BAR]
        yield [name, *(f"{each:.2f}" for each in figures), verdict(median(ratios), BAR)]


def _page(rounds_of: dict[str, list[tuple[float, float]]]) -> str:
    table = markdown_table(COLUMNS, _rows(rounds_of))
    return _TEXT.format(table=table, date=f"{datetime.now(UTC):%Y-%m-%d}", rounds=FULL.rounds, seconds=FULL.seconds)


if __name__ == "__main__":
    sys.exit(main())
