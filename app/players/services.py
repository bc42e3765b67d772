"""What the routes and commands of players need."""

from dataclasses import dataclass

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerServices:
    """The database that the players are in."""

    database: Database
