"""Writes docs/performance.md: the results for readers who were not at the terminal."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import batches, figures, picture, windows
from bench.machine import Description
from bench.results import Results
from bench.scale import CONNECTIONS, PACED_CONNECTIONS, Scale
from bench.tables import (
    COSTS,
    PASSES,
    RATIOS,
    UNITS,
    cost_rows,
    judgement,
    multiple_rows,
    pass_rows,
    ratio_rows,
)
from bench.verdicts import missed

_PAGE = """# Performance

Written by `make bench` on {date}. `make bench.quick` measures the same in about a minute and writes nothing.

![CPU time of an event, and the ratios beside their bars](performance.svg)

## Ratios

{ratios}

Each is the median of {rounds} rounds. A round runs both sides for {seconds} s, one right after the other, because the
speed of a machine changes more between minutes than between seconds.

## Bars that were missed

{missed}

The picture and these lines are made from [performance.json](performance.json); `make bench.draw` redraws the picture.

## Costs

{costs}

Every answer was a 200. {checked} decisions, answered over HTTP or taken under load and read from the table, were
compared with the oracle of the end-to-end tests, and all agreed.

## Judging stored events again

{past} were generated and judged by SQL alone, and `flask rules verify` confirmed them all before the
measurement.

{passes}

{judgement}

As multiples of the bare read of the same rows in the same order, PostgreSQL's CPU included on both sides, round by
round:

{multiples}

## What was measured

- **Cost** is the CPU time, user and system, that the operating system counted for all processes of the application and
  of PostgreSQL, divided by the events answered. It is steadier than wall-clock time, which is shown beside it.
- **The floor** is the same server with the same workers, threads and framework, which answers a constant to the same
  requests; plus PostgreSQL running the service's statements, sent by pgbench over as many connections as the service
  has. Everything above the floor is our cost.
- **There are two floors**, because the service prepares its statements. *Prepared*: pgbench does so too, in the same
  two round trips. *Plain SQL*: pgbench sends the same statements as text, one after the other; this is what they cost
  an application that prepares nothing. The less PostgreSQL has to do, the higher the ratio to its floor.
- **Stored events**: players have ten events each, and all players are active, so the load touches the whole of the
  larger store. What the load adds stays: some ten thousand events in each store in the course of the rounds.
- **Events of one player**: withdrawals only, one after the other on one connection, by a player whose only deposits
  are their first three events, and by players with ten such events.
- **Twenty rules**: the four of the contract, and sixteen more of all kinds (counts up to nine, windows up to a
  calendar month) that are evaluated at every event and hardly ever met.
- **31 days**: a fifth rule sums all deposits of 31 days at every event. {window_few} players have few events in them
  and {window_users} have many, on one connection. An event of each, before the run, has written their running totals,
  as the first one under such a rule does.
- **Batches**: {batch_size} events a request as NDJSON, one of each player, from {batch_senders} connections; p50, p95
  and p99 are of whole requests. *One event, its player in batches*: single events of players who are in every batch,
  sent beside the batches.
- **Judging again**: CPU of the one process that works (`--jobs 1`), without the second that it takes to start, which
  events/s include. The bare read makes an event of each row and drops it. The twenty rules are evaluated beside the
  four, with what is gained and lost. What is judged, and how: [backtest.md](backtest.md).
- **Importing** files of events is measured by itself: [import-performance.md](import-performance.md).
- **Half rate**: {paced} connections, each with exponential pauses between an answer and the next request, to make
  {target:.0f} events/s together. Latency is measured from the moment of sending; a late answer delays only its own
  connection.
- The load is sent by wrk from {connections} connections on the same machine, seven deposits to three withdrawals; two
  events of a player are 20 s apart in their own time, so that one deposit is in the window of the next.
- PostgreSQL is as durable as in production: an answered event has reached the disk.

## The machine

{machine}
"""


def write(folder: Path, results: Results, described: Description, scale: Scale) -> None:
    """Write the page, its picture, and the figures that both show."""
    folder.mkdir(exist_ok=True)
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    shown = figures.figures_of(results, today)
    figures.write(shown, folder / "performance.json")
    picture.draw(shown, folder / "performance.svg")
    titles = [f"{title}, {unit}" if unit else title for title, unit in zip(COSTS, UNITS, strict=True)]
    past = results.past
    page = _PAGE.format(
        date=today,
        missed=missed(shown),
        ratios=markdown_table(list(RATIOS), ratio_rows(results)),
        costs=markdown_table(titles, cost_rows(results)),
        past=f"{past.events:,} events of {past.users:,} players with {past.alerts:,} alerts",
        passes=markdown_table(list(PASSES), pass_rows(past)),
        multiples=markdown_table(list(RATIOS[:4]), multiple_rows(past)),
        judgement=judgement(past),
        window_users=windows.USERS,
        window_few=f"{windows.USERS_OF_FEW:,}",
        rounds=scale.rounds,
        seconds=scale.seconds,
        checked=results.checked,
        batch_size=batches.SIZE,
        batch_senders=batches.SENDERS,
        paced=PACED_CONNECTIONS,
        target=results.steadiness.target,
        connections=CONNECTIONS,
        machine="\n".join(f"- {name}: {text}" for name, text in described),
    )
    (folder / "performance.md").write_text(page, encoding="utf-8")


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table whose first column is text, and whose others are numbers."""
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, rule, *rows))
