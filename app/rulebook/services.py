"""What the routes and commands of the rule book need."""

from dataclasses import dataclass

from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBookServices:
    """The database that holds the rule book.

    `four_eyes` is the setting, which applies until somebody turns the policy on or off (A46). `t_is_unix` says whether
    `t` is Unix time, which rules for days, weeks and months need.
    """

    database: Database
    four_eyes: bool
    t_is_unix: bool
