"""Stored alerts, as plain values: which rule was met, by which edition, and why."""

from dataclasses import dataclass

MOST_MOMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a rule was met: the values compared, the events that made them, and all of it in a sentence.

    `count` events made it; `moments` are the `t` of at most 100 of them, the newest first.
    """

    value: str
    limit: str
    count: int
    moments: tuple[int, ...]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """A code that was raised at an event; in the shadow it was never answered."""

    user_id: int
    t: int
    code: int
    edition: int
    shadow: bool
    evidence: Evidence


class NoSuchAlert(Exception):
    """No such alert is stored."""
