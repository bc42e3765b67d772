"""Runs in pairs (base, subject, base, subject …), so that other load on the machine affects both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from rich.progress import Progress

from bench import wrk
from bench.cpu import Meter
from bench.database import Postgres
from bench.results import Comparison, Measured, Round
from bench.scale import Scale
from bench.servers import Server
from bench.wrk import Load

FIRST_T = 10**9  # beyond all that was stored before; each run begins later than the one before it
_runs = count(FIRST_T, 10**7)

Run = Callable[[int], Measured]  # of so many seconds


def next_t() -> int:
    """Return the first `t` of a run, above all of the runs before it."""
    return next(_runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A base, a subject, and the bar for the ratio of their costs; without a bar the ratio is only shown."""

    title: str
    base: str
    subject: str
    bar: float | None = None


def under_load(server: Server, postgres: Postgres, load: Load, prepare: Callable[[int], None] = lambda _: None) -> Run:
    """Make the run that sends a load to a server and reads the CPU of both.

    What there is to `prepare` before each run is told the first `t` of its events.
    """

    def run(seconds: int) -> Measured:
        first_t = next_t()
        prepare(first_t)
        meter = Meter(server.process, postgres.process)
        answers = wrk.send(load, server.url, first_t=first_t, seconds=seconds)
        app, database = (1e6 * spent / answers.count for spent in meter.read())
        return Measured(app=app, postgres=database, latency=answers.latency)

    return run


def compare(question: Question, base: Run, subject: Run, *, scale: Scale, progress: Progress) -> Comparison:
    """Warm both up, then measure round after round."""
    base(scale.warm_up)
    subject(scale.warm_up)
    rounds = [
        Round(base=base(scale.seconds), subject=subject(scale.seconds))
        for _ in progress.track(range(scale.rounds), description=question.title)
    ]
    return Comparison(
        title=question.title, base=question.base, subject=question.subject, bar=question.bar, rounds=rounds
    )
