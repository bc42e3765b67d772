"""What the commands of seals need."""

from dataclasses import dataclass

from sqlalchemy import Engine

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class SealServices:
    """The database for short transactions, and the engine for long reads."""

    database: Database
    engine: Engine
