"""What the routes and commands of cases need."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from app.cases.domain import Outcome, Status
from app.staff.permissions import Actor
from lib.database import Database
from lib.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNews:
    """What others are told when a case is opened, also again, or closed; `by_hand` if no alert did it."""

    case_id: int
    user_id: int
    status: Status
    strength: str
    priority: int
    codes: tuple[int, ...]
    alerts: int
    outcome: Outcome | None
    reopened_from: int | None
    by_hand: bool


Announce = Callable[[Transaction, CaseNews], None]  # tells others, in the transaction of the step
HasInteraction = Callable[[Transaction, int], bool]  # whether an interaction about this case is recorded
NoteView = Callable[[Transaction, Actor, int], None]  # records that somebody looks at a player


def announce_to_nobody(_: Transaction, __: CaseNews) -> None:
    """Tell nobody."""


def none_recorded(_: Transaction, __: int) -> bool:
    """Return that there is no interaction, while none can be recorded."""
    return False


def note_nothing(_: Transaction, __: Actor, ___: int) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseServices:
    """The database; the engine for reading everything; who is told; whether a case has an interaction; who looks."""

    database: Database
    engine: Engine
    announce: Announce = announce_to_nobody
    has_interaction: HasInteraction = none_recorded
    note_view: NoteView = note_nothing
