"""What the routes and commands of alerts need."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from app.rules.meaning import Meaning
from lib.database import Database
from lib.transactions import Transaction

# Tells by edition what the rule of each code means; editions that it does not know are left out.
Meanings = Callable[[Transaction, Collection[int]], Mapping[int, Mapping[int, Meaning]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertServices:
    """The database that the alerts are in, and who knows what the rules mean."""

    database: Database
    meanings: Meanings
