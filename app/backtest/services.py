"""What the commands on the whole history need."""

from dataclasses import dataclass

from sqlalchemy import Engine

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestServices:
    """The database that is read: for short transactions, and the engine for what takes long.

    `t_is_unix` says whether `t` is Unix time, so that "the last 30 days" means something.
    """

    database: Database
    engine: Engine
    t_is_unix: bool = False
