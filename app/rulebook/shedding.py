"""When to take an edition out of the shadow to keep events fast: a shadow is only a trial, events are not (A47).

This is checked a few times a second, outside the path of events. A process is under pressure while at least half of
its events take the last free thread, and removing the shadow only helps if it takes a notable share of the process's
time. Both have to hold for some seconds, so that neither a burst nor an outage of the database triggers it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from app.access.actors import SERVICE
from app.rulebook.audit import AuditQueries
from app.rulebook.domain import Status, Step
from app.rulebook.queries import RuleBookQueries
from lib.database import Database
from lib.shell_user import shell_user

WAITING = 0.5  # the least share of events taking the last free thread that counts as pressure
NOTABLE = 0.25  # the least share of the process's CPU time that makes the shadow worth removing
LOOKS = 8  # checks under pressure, less those that were not: at least 3 seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A process's counters: events, those that took the last thread, CPU seconds of the shadow and in all."""

    events: float
    waits: float
    shadow: float
    cpu: float


class EventMetrics(Protocol):
    """The metrics of events that the rule book reads and updates."""

    def read_load(self) -> Reading:
        """Return this process's counters."""

    def count_shed(self) -> None:
        """Count one removal of an edition from the shadow."""

    def show_codes(self, live: Iterable[int], *, beside: Iterable[int]) -> None:
        """Export the codes of the editions in force, and no others; `beside` are those of the shadow."""


@dataclass(frozen=True, slots=True)
class Strain:
    """Why a shadow is removed: the share of events that took the last free thread, and its share of the CPU time."""

    waiting: float
    shadow: float

    def __str__(self) -> str:
        taken = f"{self.waiting:.0%} of the events took the last free thread"
        return f"{taken}, and the shadow took {self.shadow:.0%} of the CPU time"


class Pressure:
    """Decides from successive readings when the pressure is too high."""

    def __init__(self) -> None:
        self._last: Reading | None = None
        self._pressed = 0

    def forget(self) -> None:
        """Start over: another edition is in the shadow, or none."""
        self._last, self._pressed = None, 0

    def strain(self, now: Reading) -> Strain | None:
        """Add a reading; return the reason to remove the shadow, or None while there is none."""
        last, self._last = self._last, now
        strain = _strain(last, now) if last else None
        self._pressed = self._pressed + 1 if strain else max(self._pressed - 1, 0)
        return strain if self._pressed >= LOOKS else None


def _strain(last: Reading, now: Reading) -> Strain | None:
    events, cpu = now.events - last.events, now.cpu - last.cpu
    if events <= 0 or cpu <= 0:
        return None
    strain = Strain(min((now.waits - last.waits) / events, 1), (now.shadow - last.shadow) / cpu)
    return strain if strain.waiting >= WAITING and strain.shadow >= NOTABLE else None


def shed(database: Database, edition: int, strain: Strain) -> bool:
    """Turn the shadow edition back into a draft, for all processes; return whether it still was in the shadow.

    It does not return by itself: nobody could tell which events it was evaluated on. The audit has the times.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        if book.numbers_in_force().shadow != edition:
            return False
        book.move(edition, Status.DRAFT)
        note = f"{strain}; a backtest judges what it missed"
        AuditQueries(current).note(edition, Step.SHED, SERVICE, note, at_shell=shell_user())
        current.commit()
    return True
