"""What the routes and commands of the rule book need."""

from dataclasses import dataclass

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBookServices:
    """The database that the rule book is in.

    `four_eyes` is what the setting says, which counts until somebody turns the policy on or off (A46).
    """

    database: Database
    four_eyes: bool
