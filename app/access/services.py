"""What the commands of keys need."""

from dataclasses import dataclass
from datetime import timedelta

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessServices:
    """The database of the keys, and the longest lifetime of a key; None: no limit."""

    database: Database
    key_max_age: timedelta | None
