"""What the routes and commands of alerts need."""

from dataclasses import dataclass

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertServices:
    """The database that the alerts are in."""

    database: Database
