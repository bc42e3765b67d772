"""Statements that are prepared once per connection."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with parameters $1, $2 … of the given types, prepared once per connection.

    Its name is unique in the program. A statement whose SQL depends on the rules in force names its `family` and its
    `version`: when a connection prepares it, it deallocates other versions of the family, so that no connection keeps
    statements that are no longer used.
    """

    name: str
    types: tuple[str, ...]
    sql: str
    family: str = ""
    version: str = ""

    @property
    def prepare(self) -> str:
        """The SQL that makes the server parse it."""
        return f"PREPARE {self.name}{_listed(self.types)} AS {self.sql}"

    @property
    def execute(self) -> str:
        """The SQL that runs it, with the driver's placeholders."""
        return f"EXECUTE {self.name}{_listed(['%s'] * len(self.types))}"

    @property
    def deallocate(self) -> str:
        """The SQL that makes the server forget it."""
        return f"DEALLOCATE {self.name}"


# Where a few values hold nearly all rows, a generic plan (`plan_cache_mode` in lib.postgres_pool) would scan the whole
# table for every value. Written before a query, this statement keeps the transaction to index scans until it ends.
BY_INDEX = Statement("by_index", (), "SELECT set_config('enable_seqscan', 'off', true)")


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""  # PostgreSQL accepts no empty list
