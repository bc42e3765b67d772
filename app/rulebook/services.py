"""What the routes and commands of the rule book need."""

from collections.abc import Callable
from dataclasses import dataclass

from lib.database import Database
from lib.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An edition that became live: who drafted and who published it, with which note.

    `over` is the edition to replace that the publisher named, `replaced` the one that was live before.
    """

    edition: int
    author: str
    published_by: str
    note: str
    based_on: int | None
    over: int | None
    replaced: int | None


Announce = Callable[[Transaction, Publication], None]  # tells others of a publication, in its transaction


def announce_to_nobody(_: Transaction, __: Publication) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBookServices:
    """The database that holds the rule book.

    `four_eyes` is the setting, which applies until somebody turns the policy on or off (A46). `t_is_unix` says whether
    `t` is Unix time, which rules for days, weeks and months need. `announce` tells others what is published.
    """

    database: Database
    four_eyes: bool
    t_is_unix: bool
    announce: Announce = announce_to_nobody
