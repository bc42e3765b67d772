"""What the routes and commands of cases need."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from app.cases.domain import Case, Outcome, Status
from app.staff.permissions import Actor
from lib.database import Database
from lib.snapshots import Reader
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case that waits for an effect, since when, until when, and what is expected."""

    case: Case
    actor: Actor
    since: datetime
    until: datetime
    expected: str


Announce = Callable[[Transaction, CaseNews], None]  # tells others, in the transaction of the step
HasInteraction = Callable[[Transaction, int], bool]  # whether an interaction about this case is recorded
OpenActions = Callable[[Transaction, int], Sequence[int]]  # which automated actions of a case wait for a person
BeginEvaluation = Callable[[Transaction, Waiting], Mapping[str, Any]]  # what the journal says of the evaluation
Faults = Callable[[Reader], Iterator[str]]  # what is wrong with records about cases
NoteView = Callable[[Transaction, Actor, int], None]  # records that somebody looks at a player


def announce_to_nobody(_: Transaction, __: CaseNews) -> None:
    """Tell nobody."""


def none_recorded(_: Transaction, __: int) -> bool:
    """Return that there is no interaction, while none can be recorded."""
    return False


def none_open(_: Transaction, __: int) -> Sequence[int]:
    """Return that no action waits, while none can be recorded."""
    return ()


def none_begun(_: Transaction, __: Waiting) -> Mapping[str, Any]:
    """Begin no evaluation, while none can be recorded."""
    return {}


def no_faults(_: Reader) -> Iterator[str]:
    """Return that nothing is wrong with records, while there are none."""
    return iter(())


def note_nothing(_: Transaction, __: Actor, ___: int) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseServices:
    """The database; the engine for reading everything; who is told; what records about cases there are; who looks."""

    database: Database
    engine: Engine
    announce: Announce = announce_to_nobody
    has_interaction: HasInteraction = none_recorded
    open_actions: OpenActions = none_open
    begin_evaluation: BeginEvaluation = none_begun
    faults_of_records: Faults = no_faults
    note_view: NoteView = note_nothing
