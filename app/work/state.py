"""How the worker is doing, as the database tells: it also tells if no worker runs."""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.work.troubles import SILENT_AFTER, Trouble, read_troubles, tell_troubles
from lib.database import Database
from lib.statements import BY_INDEX, Statement

BEAT_PAUSE = 10.0  # seconds between two signs of life of a worker
LATE_AFTER = 60.0  # seconds that a note may wait in the outbox
FAILING_AFTER = 30.0  # seconds for which a duty may fail; each has been tried again by then
MOST_COUNTED = 10_000  # notes; how many more there are changes nothing for anybody

BEAT = Statement(
    "work_beat",
    ("text", "integer"),
    "UPDATE work_beat SET host = $1, pid = $2, seen_at = clock_timestamp() WHERE id = 1",
)
STATE = Statement(
    "work_state",
    ("integer",),
    """
    SELECT extract(epoch FROM clock_timestamp() - seen_at)::float, host, pid, (
        SELECT extract(epoch FROM clock_timestamp() - made_at)::float FROM outbox ORDER BY id LIMIT 1
    ), (
        SELECT count(*) FROM (SELECT FROM outbox ORDER BY id LIMIT $1) AS counted
    ), (
        SELECT number FROM feed_head WHERE id = 1
    ) FROM work_beat WHERE id = 1
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkState:
    """When a worker gave its last sign of life and which one; how long the oldest note waits, both in seconds.

    `notes` wait, counted up to `MOST_COUNTED`; `number` is the last one of the feed. `troubles` are the duties that
    fail, of any worker.
    """

    seen: float | None
    host: str
    pid: int
    oldest: float
    notes: int
    number: int
    troubles: Sequence[Trouble] = ()

    @property
    def is_well(self) -> bool:
        """Whether a worker is alive, notes are numbered in time, and no duty has failed for long."""
        return self.is_in_time and not any(each.seconds >= FAILING_AFTER for each in self.troubles)

    @property
    def is_in_time(self) -> bool:
        """Whether a worker is alive and notes are numbered in time."""
        return self.seen is not None and self.seen < SILENT_AFTER and self.oldest < LATE_AFTER

    def __str__(self) -> str:
        if self.seen is None:
            return "no worker has run yet"
        waits = f"the oldest alert waits {self.oldest:.0f} s" if self.oldest >= 1 else "no alert waits"
        seen = f"process {self.pid} on {self.host}, seen {self.seen:.0f} s ago"
        return "; ".join([seen, waits, *map(str, self.troubles)])


class Beat:
    """The errand that leaves a sign of life, with the duties of this process that fail."""

    def __init__(self, database: Database, troubles: Callable[[], Sequence[Trouble]]) -> None:
        self._database, self._troubles = database, troubles

    def run_once(self) -> bool:
        """Leave a sign of life in the database."""
        with self._database.transaction(trial=True) as current:
            current.write(BEAT, socket.gethostname(), os.getpid())
            tell_troubles(current, self._troubles())
            current.commit()
        return False


def state_of_work(database: Database, *, deadline: float | None = None) -> WorkState:
    """Return how the worker is doing; raises `Unavailable`. `deadline` replaces the usual one."""
    with database.transaction(deadline=deadline, trial=True) as current:
        current.write(BY_INDEX)
        [(seen, host, pid, oldest, notes, number)] = current.fetch(STATE, MOST_COUNTED)
        troubles = read_troubles(current)
        current.rollback()
    return WorkState(seen=seen, host=host, pid=pid, oldest=oldest or 0.0, notes=notes, number=number, troubles=troubles)
