"""Stored alerts, as plain values: which rule was met, by which edition, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MOMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a rule was met: the values compared, the events behind them, and a sentence that says it all.

    `count` events make up `value`; `moments` are the `t` of at most 100 of them,
    newest first.
    """

    value: str
    threshold: str
    count: int
    moments: tuple[int, ...]
    sentence: str


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The position of an alert in a list, which is sorted by these, descending."""

    t: int
    user_id: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """A code that was raised at an event; one raised in the shadow was never answered."""

    user_id: int
    t: int
    code: int
    edition: int
    shadow: bool
    evidence: Evidence

    @property
    def cursor(self) -> Cursor:
        """Its position in a list."""
        return Cursor(self.t, self.user_id, self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Which alerts: at most `limit` after the cursor `before`, with a `t` of `since` or later (A26).

    They are either those of the shadow or those that were answered; `code`, `user_id` and `edition` narrow them down.
    """

    limit: int
    before: Cursor | None = None
    since: int = 0
    shadow: bool = False
    code: int | None = None
    user_id: int | None = None
    edition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """Alerts, newest first; `next_before` is the `before` of the next page."""

    alerts: Sequence[StoredAlert]
    next_before: Cursor | None


class NoSuchAlert(Exception):
    """No such alert is stored."""

    def __init__(self, at: Cursor, *, shadow: bool) -> None:
        hint = "" if shadow else "; try shadow=true, it may be an alert of the shadow"
        super().__init__(f"no alert {at.code} of player {at.user_id} is stored at t {at.t}{hint}")
