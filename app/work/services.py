"""What the worker needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lib.database import Database


class Errand(Protocol):
    """Something that the worker does again and again, in a thread of its own."""

    def run_once(self) -> bool:
        """Do what is due; return whether there may be more at once, without a pause."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An errand by name, with the seconds from one turn to the next, and those after which a turn counts as stuck."""

    name: str
    errand: Errand
    pause: float
    patience: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkServices:
    """The database, and what there is to do."""

    database: Database
    duties: Sequence[Duty]
