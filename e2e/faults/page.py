"""docs/reliability.md, written from the results of a whole run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from e2e.faults.audience import Heard
from e2e.faults.imports import LINES
from e2e.faults.ledger import Acknowledged
from e2e.faults.load import CLIENTS, SIZES
from e2e.faults.report import COLUMNS, Row
from e2e.faults.run import Notes
from e2e.faults.scenarios import MAX_REQUEST_TIME, REPLACED
from e2e.faults.trial import MAX_RECOVERY

PAGE = """\
# Right under faults

Written by `make faults` on {date}: {machine}.

{clients} clients, each with its own connection, play a day from a seed. {sizes}
Half of the players' events have an `event_id`, and some of these share a second. With `LATE_EVENTS=keep`, except in the
system's order, {late} events came late, after their player's next one. A client that gets a 503 or no answer sends the
same request again, before its next one, until it is acknowledged. Under this load one fault follows the other; faults
that need more than a service run on separate services. Afterwards every acknowledged request is sent again and must be
replayed with exactly the same answers; stored events are compared with acknowledged ones, with their alerts and with
the clocks of their players, and every answer with a serial replay by the oracle; so are the codes that are believed by
then of the events of players with late ones. At the end every stored event is judged again by its own edition
(`flask rules verify`), and all must agree.

{table}

{verdict}{left_out}

- *in doubt*: acknowledged events that first got a 503 or no answer; in brackets those of them that had been stored.
- *lost*, *changed*, *doubled*, *wrong*: acknowledged and then gone; answered or stored differently afterwards, stored
  without an alert, not counted for the player, or believed to raise other codes than the oracle says; stored but never
  acknowledged; different from the oracle's answer. All must be zero.
- {batches}
- {heard}
- *kill -9 of an import …*: `events import` reads {lines} unsorted lines of other players, beside a fifth of the load.
  It is killed while it reads them; one of its workers while it checks them; its main process, then PostgreSQL, while it
  stores them; and all of the service, which it survives. After each the same command is given again, until it says that
  all lines are imported. What it stored is compared with the oracle, too: *lost*, *changed*, *doubled* include it.
- Clients may see 200, 503 with `Retry-After` and, only if a process of the service ends, a broken or refused
  connection. No request may take longer than {longest} s, or {replaced} s if it reached a frozen process.
- *first 200*, *last trouble*: seconds from the end of the fault to the first 200 and to the last request without a 200,
  at most {recovery} s each. A `kill -9` ends at once; with `start` after it, when `start` returns.
- *longest health*: the longest wait for `/health/live` or `/health/ready`, each requested ten times a second.
- The main process replaces a stopped (SIGSTOP) worker, the supervisor a stopped main process. The instance that is
  stopped within a transaction holds the system's clock, which every event of the other instance needs, until PostgreSQL
  ends its session; recovery counts from the stop. On connections from before the fault, the network that swallows
  answers nothing, even after it works again. A silent Redis, idle and half sent requests must cost no event its 200.
- In the two graceful ends, every request that the service began to handle is answered. Of those in progress at SIGTERM:
  {graceful}.
  Connections without a request are closed, never reset. Like other clients, these check before they send, and then open
  a new connection (RFC 9112, 9.3.1). A request sent at the very moment of the close cannot be answered. It counts as
  not handled only if the service's log, which has a line for each request, has none for it.
"""


def page(notes: Notes) -> str:
    rows = notes.rows
    return PAGE.format(
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        clients=CLIENTS,
        sizes=sizes(),
        late=f"{sum(each.late for each in rows):,}",
        batches=batches([batch for each in rows for batch in each.batches]),
        heard=heard(notes.heard),
        lines=f"{LINES:,}",
        table=markdown(rows),
        verdict=verdict(rows),
        left_out="".join(f"\n\nLeft out: {each}." for each in notes.left_out),
        longest=MAX_REQUEST_TIME,
        replaced=REPLACED,
        recovery=MAX_RECOVERY,
        graceful=",\n  ".join(each.graceful for each in rows if each.graceful) or "not run",
    )


def markdown(rows: Sequence[Row]) -> str:
    lines = [COLUMNS, ("---", *["---:"] * (len(COLUMNS) - 1)), *(each.cells for each in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(rows: Sequence[Row]) -> str:
    failed = [f"- {each.name}: {complaint}" for each in rows for complaint in each.complaints]
    return "\n".join(["**Not as promised:**", "", *failed]) if failed else "**All as promised.**"


def sizes() -> str:
    """Describe what a request of the load is."""
    _, *many = SIZES
    share = 1 - SIZES[1] / sum(SIZES.values())
    return f"{share:.0%} of the requests are batches, of {' or '.join(map(str, many))} events."


def batches(in_doubt: Sequence[Acknowledged]) -> str:
    """Describe what had become of the batches that had to be sent again."""
    stored = [each.replayed for each in in_doubt]
    whole = sum(each.replayed == len(each.events) for each in in_doubt)
    none = stored.count(0)
    return (
        f"{len(stored):,} batches had to be sent again: of {none:,} nothing had been stored, of {whole:,} all, of"
        f" {len(stored) - none - whole:,} a part."
    )


def heard(told: Heard | None) -> str:
    """Describe what the receivers of webhooks got."""
    if told is None:
        return "No receiver of webhooks was there."
    return (
        "Two receivers of webhooks, beside the faults on one service, were by turns healthy, down, slow, and lying:"
        " reading a message, then answering 500 or nothing. At the end the retries came at once instead of over three"
        " days. Each alert of the feed that a receiver's filter lets pass came at least once, with what the feed has,"
        f" under one id, and every signature was right. {told}."
    )


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, {system}, Python {python()}"


def python() -> str:
    return platform.python_version()


def write(checkout: Path, notes: Notes) -> Path:
    path = checkout / "docs" / "reliability.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(notes), encoding="utf-8")
    return path
