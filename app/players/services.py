"""What the routes and commands of players need."""

from collections.abc import Callable
from dataclasses import dataclass

from app.staff.permissions import Actor
from lib.database import Database
from lib.transactions import Transaction

NoteView = Callable[[Transaction, Actor, int], None]  # records that somebody looks at a player


def note_nothing(_: Transaction, __: Actor, ___: int) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerServices:
    """The database that the players are in, and who records that somebody looks at one."""

    database: Database
    note_view: NoteView = note_nothing
