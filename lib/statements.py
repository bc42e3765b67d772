"""Statements that are prepared once per connection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_INTEGERS = frozenset({"bigint", "integer"})


class Call(NamedTuple):
    """The SQL that runs a prepared statement, and whether its values are integers, which need no quoting."""

    sql: str
    takes_integers: bool


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
        """The SQL that runs it, with placeholders for its values: the driver's, or %d if all of them are integers."""
        placeholder = "%d" if self.takes_integers else "%s"
        return f"EXECUTE {self.name}{_listed([placeholder] * len(self.types))}"

    @property
    def takes_integers(self) -> bool:
        """Whether its values are integers, which need no quoting by the driver."""
        return _INTEGERS.issuperset(self.types)

    @property
    def call(self) -> Call:
        """What a connection keeps of it once it is prepared."""
        return Call(self.execute, self.takes_integers)

    @property
    def deallocate(self) -> str:
        """The SQL that makes the server forget it."""
        return f"DEALLOCATE {self.name}"


# Where a few values hold nearly all rows, a generic plan (`plan_cache_mode` in lib.postgres_pool) would scan the whole
# table for every value. Written before a query, this statement keeps the transaction to index scans until it ends.
BY_INDEX = Statement("by_index", (), "SELECT set_config('enable_seqscan', 'off', true)")


def array_literal(values: Iterable[object]) -> str:
    """Return an array of texts, numbers or None as PostgreSQL reads it; the driver would quote each element itself."""
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "NULL" if value is None else str(value)


def _listed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""  # PostgreSQL accepts no empty list
