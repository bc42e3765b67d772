"""The load generator: wrk with a script that makes valid events."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, ToolMissing
from bench.results import Latency

SCRIPT = Path(__file__).with_name("events.lua")
T_STEP = 20  # seconds between two events of a user: the one before is within a window of 30
_PATIENCE = 30  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Whose events are sent, by how many connections, and how long a connection pauses on average.

    `users` are those from `first_user` up; an only player must have an only connection, so that order is kept.
    """

    users: int
    first_user: int = 1
    connections: int
    withdrawals_only: bool = False
    mean_pause: float = 0  # milliseconds

    @property
    def threads(self) -> int:
        """Each thread has its own connections and players."""
        return min(2, self.users, self.connections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers, all of them 200."""

    count: int
    latency: Latency


def find() -> str:
    """Find the program.

    Raises:
        ToolMissing: it is not installed.

    """
    found = shutil.which("wrk")
    if found is None:
        raise ToolMissing("the load generator wrk is not installed: apt install wrk (or brew install wrk)")
    return found


def send(load: Load, url: str, *, first_t: int, seconds: int) -> Answers:
    """Send events for some seconds, each player's from `first_t` up.

    Raises:
        BenchError: not every answer was a 200.

    """
    done = subprocess.run(
        [*_options(load, seconds), url, "--", *_arguments(load, first_t)],
        env={**os.environ, "BENCH_THREADS": str(load.threads)},
        capture_output=True,
        text=True,
        timeout=seconds + _PATIENCE,
        check=False,
    )
    output = re.search(r"^measured (.*)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or output is None:
        raise BenchError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return _answers(json.loads(output.group(1)))


def _options(load: Load, seconds: int) -> list[str]:
    return [
        find(),
        f"--threads={load.threads}",
        f"--connections={load.connections}",
        f"--duration={seconds}s",
        f"--script={SCRIPT}",
    ]


def _arguments(load: Load, first_t: int) -> list[str]:
    kinds = "withdraw" if load.withdrawals_only else "mixed"
    numbers = (load.first_user, load.users, first_t, T_STEP)
    return [*map(str, numbers), kinds, f"{load.mean_pause:.3f}"]


def _answers(measured: dict[str, float]) -> Answers:
    if measured["refused"] or measured["broken"] or not measured["answers"]:
        raise BenchError(
            f"of {measured['answers']:.0f} events, {measured['refused']:.0f} were refused"
            f" and {measured['broken']:.0f} got no answer"
        )
    rate = measured["answers"] / measured["seconds"]
    latency = Latency(rate=rate, p50=measured["p50"], p95=measured["p95"], p99=measured["p99"])
    return Answers(count=int(measured["answers"]), latency=latency)
