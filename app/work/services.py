"""What the worker needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lib.database import Database


class Errand(Protocol):
    """Something that the worker does again and again, in a thread of its own."""

    def run_once(self) -> bool:
        """Do what is due; return whether there may be more at once, without a pause."""
        ...


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An errand by name, with the seconds from one turn to the next, and those after which a turn counts as stuck.

    `at_stop` is called when the worker is told to stop, while a turn may be under way, by another thread. `at_end` is
    called after the last turn, for what the errand has begun and must end.
    """

    name: str
    errand: Errand
    pause: float
    patience: float = 60.0
    at_end: Callable[[], None] = nothing
    at_stop: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkServices:
    """The database, and what there is to do."""

    database: Database
    duties: Sequence[Duty]
