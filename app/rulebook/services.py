"""What the routes and commands of the rule book need."""

from dataclasses import dataclass

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBookServices:
    """The database that holds the rule book.

    `four_eyes` is the setting, which applies until somebody turns the policy on or off (A46).
    """

    database: Database
    four_eyes: bool
