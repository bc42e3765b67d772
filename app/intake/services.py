"""What the commands of imports need."""

from dataclasses import dataclass

from sqlalchemy import Engine

from app.events.policy import EventPolicy
from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeServices:
    """The database, for short transactions and for what takes long, and which events are accepted."""

    database: Database
    engine: Engine
    policy: EventPolicy
