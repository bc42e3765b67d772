"""Lines of a file, what is wrong with them, and how far an import has come: plain values."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from unicodedata import category

from app.rules.event import TYPE_BY_NAME, ActivityEvent

SPACE = "Zs"  # Unicode's category; it has the spaces that are wider or do not break
SPAN = 10_000  # events that one transaction stores


class ImportRefused(Exception):
    """The import cannot begin; the text says why and what to do."""


class FieldFault(Exception):
    """A value of a line has the wrong form."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Fault(NamedTuple):
    """A line that is not imported: its number, the field at fault (empty: the whole line), why, and its text."""

    line: int
    field: str
    reason: str
    text: str = ""


def printable(text: str) -> str:
    """Return a text for terminals and for PostgreSQL: controls, NUL and halves of characters as Python's escapes."""
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() or category(each) == SPACE else repr(each)[1:-1] for each in text])


class Row(NamedTuple):
    """A line of the right form, as it waits in the database."""

    line: int
    user_id: int
    t: int
    type: str
    amount: Decimal
    event_id: str | None

    def event(self, n: int = 0) -> ActivityEvent:
        """Return the event, at a place in its second."""
        return ActivityEvent(
            user_id=self.user_id,
            t=self.t,
            type=TYPE_BY_NAME[self.type],
            amount=self.amount,
            n=n,
            event_id=self.event_id,
        )


class State(StrEnum):
    """How far an import is. Before `importing` nothing of it is stored, so it may begin again."""

    READING = "reading"
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"  # more faults than allowed
    TRIED = "tried"  # a dry run
    LEFT = "left"  # its file was changed, or is imported with other options


class Span(NamedTuple):
    """Lines that one transaction stores: those from the first to the last moment, each a player and a `t`."""

    no: int
    first: tuple[int, int]
    last: tuple[int, int]
    rows: int


Chain = tuple[Span, ...]  # spans of one player, stored one after the other; nearly always a single span


def chains(spans: list[Span]) -> list[Chain]:
    """Put the spans that share a player together."""
    found: list[list[Span]] = []
    for span in spans:
        if found and found[-1][-1].last[0] == span.first[0]:
            found[-1].append(span)
        else:
            found.append([span])
    return [tuple(each) for each in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An import of a file: which editions judge its events, and how much is done."""

    id: int
    state: State
    edition: int
    shadow: int | None = None
    lines: int = 0
    ignored: int = 0  # of these, lines of a type that is left out
    imported: int = 0
