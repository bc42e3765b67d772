"""What the database holds before the load begins: players with their events, made by SQL."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.progress import Progress

from bench.database import run
from bench.wrk import T_STEP

_CHUNKS = 10

# Ordered by time, then by player, as events arrive; three in ten are withdrawals, or all but the first three.
_EVENTS = """
    INSERT INTO activity_event (user_id, t, type, amount, alert_codes)
    SELECT user_id, %(begin)s + event * %(step)s,
        (CASE WHEN %(withdrawals)s AND event > 3 OR NOT %(withdrawals)s AND event %% 10 IN (3, 6, 7)
              THEN 'withdraw' ELSE 'deposit' END)::activity_type,
        (500 + (user_id * 7919 + event * 104729) %% 9000) / 100.0, '{}'
    FROM generate_series(%(first_event)s::bigint, %(last_event)s) AS event
    CROSS JOIN generate_series(%(first_user)s::bigint, %(last_user)s) AS user_id
    ORDER BY event, user_id
"""
_CLOCKS = """
    INSERT INTO user_clock (user_id, last_t)
    SELECT user_id, %(begin)s + %(events)s * %(step)s
    FROM generate_series(%(first_user)s::bigint, %(last_user)s) AS user_id
    ON CONFLICT (user_id) DO UPDATE SET last_t = excluded.last_t
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Players of one kind: so many, each with so many events stored, the first of them a step after `begin`."""

    users: int
    events_each: int
    first_user: int = 1
    begin: int = 0
    mostly_withdrawals: bool = False

    @property
    def events(self) -> int:
        """All their events."""
        return self.users * self.events_each

    @property
    def parameters(self) -> dict[str, object]:
        """For the statements above."""
        return {
            "events": self.events_each,
            "begin": self.begin,
            "step": T_STEP,
            "withdrawals": self.mostly_withdrawals,
            "first_user": self.first_user,
            "last_user": self.first_user + self.users - 1,
        }


def store(url: str, *populations: Population, progress: Progress) -> None:
    """Store them all, then leave the database as after a quiet night: known to the planner, clean, on disk."""
    for population in populations:
        task = progress.add_task(f"storing {population.events:,} events", total=population.events)
        for stored in add(url, population):
            progress.advance(task, stored)
    run(url, "VACUUM (ANALYZE)")
    run(url, "CHECKPOINT")


def add(url: str, population: Population) -> Iterator[int]:
    """Store the events of a population in a few steps; tell how many each of them stored."""
    for first, last in _chunks(population.events_each):
        run(url, _EVENTS, {**population.parameters, "first_event": first, "last_event": last})
        yield (last - first + 1) * population.users
    run(url, _CLOCKS, population.parameters)


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    size = max(1, count // _CHUNKS)
    for first in range(1, count + 1, size):
        yield first, min(first + size - 1, count)
