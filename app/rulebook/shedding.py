"""When the edition in the shadow has to leave, so that events are judged: a shadow is a trial, and they are not (A47).

Looked at a few times a second, past the events. A process is under pressure while at least half of its events
take the last free thread; and only a shadow that itself takes a notable part of the process's time is worth leaving
out. Both have to hold for some seconds, so that neither a burst nor an outage of the database does it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from app.rulebook.audit import AuditQueries
from app.rulebook.domain import Status, Step
from app.rulebook.eyes import SERVICE
from app.rulebook.queries import RuleBookQueries
from lib.database import Database
from lib.shell_user import shell_user

WAITING = 0.5  # of the events of a look that took the last free thread, from which on it is one under pressure
NOTABLE = 0.25  # of the CPU time of the process, from which on the shadow is what to do without
LOOKS = 8  # that were under pressure, less those that were not: 3 seconds at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a process counted so far: events, those that took the last thread, CPU seconds of the shadow, of all."""

    events: float
    waits: float
    shadow: float
    cpu: float


class EventMetrics(Protocol):
    """What the rule book reads of the metrics of events, and what it has counted there."""

    def read_load(self) -> Reading:
        """Return what this process counted so far."""

    def count_shed(self) -> None:
        """Count that an edition left the shadow."""

    def show_codes(self, live: Iterable[int], *, beside: Iterable[int]) -> None:
        """Show the codes of the editions in force, and no others; `beside` are those of the shadow."""


@dataclass(frozen=True, slots=True)
class Strain:
    """Why a shadow leaves: the share of events that took the last free thread, and its own share of the CPU time."""

    waiting: float
    shadow: float

    def __str__(self) -> str:
        taken = f"{self.waiting:.0%} of the events took the last free thread"
        return f"{taken}, and the shadow took {self.shadow:.0%} of the CPU time"


class Pressure:
    """Tells from one reading after the other when it is too much."""

    def __init__(self) -> None:
        self._last: Reading | None = None
        self._pressed = 0

    def forget(self) -> None:
        """Begin anew: another edition is in the shadow, or none."""
        self._last, self._pressed = None, 0

    def strain(self, now: Reading) -> Strain | None:
        """Take a reading; return why the shadow has to leave, once it has to."""
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
    """Let the edition in the shadow be a draft again, for all processes; tell whether it still was in the shadow.

    It does not come back by itself: then nobody would know which events it judged. The audit says from when to when.
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
