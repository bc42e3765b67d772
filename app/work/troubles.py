"""Which duties of a worker fail, as it leaves this with its sign of life and as others read it."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from lib.statements import Statement, array_literal
from lib.transactions import Transaction

SILENT_AFTER = 30.0  # seconds without a sign of life; what a worker told of before holds no longer

# The row of the beat is locked before, so two workers never wait for each other here.
FORGET = Statement(
    "forget_troubles",
    ("text", "integer", "double precision"),
    """
    DELETE FROM work_trouble
    WHERE (host = $1 AND pid = $2) OR seen_at < clock_timestamp() - make_interval(secs => $3)
    """,
)
TELL = Statement(
    "tell_troubles",
    ("text", "integer", "text[]", "double precision[]", "text[]"),
    """
    INSERT INTO work_trouble (host, pid, duty, since, cause)
    SELECT $1, $2, duty, clock_timestamp() - make_interval(secs => seconds), cause
    FROM unnest($3, $4, $5) AS told (duty, seconds, cause)
    """,
)
READ = Statement(
    "read_troubles",
    ("double precision",),
    """
    SELECT duty, extract(epoch FROM clock_timestamp() - since)::float, cause, host, pid FROM work_trouble
    WHERE seen_at > clock_timestamp() - make_interval(secs => $1) ORDER BY since, duty
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A duty that fails at each turn, or whose turn does not end: for how many seconds, and why.

    `worker` names the process, empty within itself.
    """

    duty: str
    seconds: float
    cause: str
    worker: str = ""

    def __str__(self) -> str:
        return f"{self.duty} has failed for {self.seconds:.0f} s ({self.worker}): {self.cause}"


def tell_troubles(current: Transaction, troubles: Sequence[Trouble]) -> None:
    """Replace what this process told of its duties before, and remove what nobody tells any more."""
    process = socket.gethostname(), os.getpid()
    current.write(FORGET, *process, SILENT_AFTER)
    if troubles:
        columns = zip(*((each.duty, each.seconds, each.cause) for each in troubles), strict=True)
        current.write(TELL, *process, *map(array_literal, columns))


def read_troubles(current: Transaction) -> list[Trouble]:
    """Return which duties of any worker fail, those first that have failed for longest."""
    return [_trouble(*row) for row in current.fetch(READ, SILENT_AFTER)]


def _trouble(duty: str, seconds: float, cause: str, host: str, pid: int) -> Trouble:
    return Trouble(duty=duty, seconds=seconds, cause=cause, worker=f"process {pid} on {host}")
