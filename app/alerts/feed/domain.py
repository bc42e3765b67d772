"""What the feed consists of, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.alerts.domain import Kind, StoredAlert

MAX_PAGE = 200  # entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note in the outbox: what became known at an event, by the revision `no` of it, 0 for its answer.

    A `quiet` note is numbered, but nobody is told of it: what was stored before there was an outbox.
    """

    id: int
    user_id: int
    t: int
    n: int
    kind: Kind
    no: int
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A code of a note, with its number in the feed; `fresh` is that of the alert (A58)."""

    number: int
    note: Note
    code: int
    edition: int
    fresh: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the feed as it is read: its number, what became known `at` which time, and the alert.

    A `quiet` one is of before there was an outbox: nobody was told of it.
    """

    number: int
    kind: Kind
    at: datetime
    alert: StoredAlert
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Entries by ascending number; `next_after` is the `after` of the next request, also if this page is empty."""

    entries: Sequence[Entry]
    next_after: int
