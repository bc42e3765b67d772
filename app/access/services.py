"""What the commands of keys need."""

from dataclasses import dataclass
from datetime import timedelta

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessServices:
    """The database that the keys are in, and how long a key may live; None: for ever."""

    database: Database
    key_max_age: timedelta | None
