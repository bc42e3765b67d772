"""Stored alerts, as plain values: which rule was met, by which edition, and why."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.rules.event import EventRef
from app.rules.meaning import UNKNOWN, Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a rule was met: the values compared, the events behind them, and a sentence that says it all.

    `count` events make up `value`; `events` are at most 100 of them, newest first.
    """

    value: str
    threshold: str
    count: int
    events: tuple[EventRef, ...]
    sentence: str

    @property
    def moments(self) -> tuple[int, ...]:
        """The `t` of the events."""
        return tuple([each.t for each in self.events])


class Kind(StrEnum):
    """What became known of an alert: the answer to the event had it, or it was found or retracted later (A51, A52)."""

    RAISED = "raised"
    FOUND_LATE = "found-late"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The position of an alert in a list, which is sorted by these, descending."""

    t: int
    user_id: int
    n: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """A code that was raised at an event; one raised in the shadow was never answered.

    `event_id` is that of the event, None where it has none. If the answer to the event lacked the code, `found_late_at`
    is when it was found first; `retracted_at` is since when it no longer holds (A51, A52). Otherwise they are None.

    `fresh` says that the player's event just before did not raise the code, by what was known when this alert was found
    (A58); None if a former release stored it. `meaning` is that of the rule, in the edition that raised the alert.
    """

    user_id: int
    t: int
    n: int = 0
    event_id: str | None = None
    code: int
    edition: int
    shadow: bool
    evidence: Evidence
    fresh: bool | None = None
    meaning: Meaning = UNKNOWN
    found_late_at: datetime | None = None
    retracted_at: datetime | None = None

    @property
    def cursor(self) -> Cursor:
        """Its position in a list."""
        return Cursor(self.t, self.user_id, self.n, self.code)


@dataclass(frozen=True, slots=True)
class Changes:
    """At how many events each code was found late, and at how many it was retracted (A51, A52)."""

    found: Counter[int] = field(default_factory=Counter)
    retracted: Counter[int] = field(default_factory=Counter)

    def add(self, before: Collection[int], after: Collection[int]) -> None:
        """Add an event by its codes before and after the change."""
        self.found.update(code for code in after if code not in before)
        self.retracted.update(code for code in before if code not in after)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Which alerts: at most `limit` after the cursor `before`, with a `t` of `since` or later (A26).

    They are either those of the shadow or those that were answered; `code`, `user_id`, `edition` and `fresh` narrow
    them down.
    """

    limit: int
    before: Cursor | None = None
    since: int = 0
    shadow: bool = False
    code: int | None = None
    user_id: int | None = None
    edition: int | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """Alerts, newest first; `next_before` is the `before` of the next page."""

    alerts: Sequence[StoredAlert]
    next_before: Cursor | None


class NoSuchAlert(Exception):
    """No such alert is stored."""

    def __init__(self, at: Cursor, *, shadow: bool) -> None:
        hint = "" if shadow else "; try shadow=true, it may be an alert of the shadow"
        place = f", n {at.n}" if at.n else ""
        super().__init__(f"no alert {at.code} of player {at.user_id} is stored at t {at.t}{place}{hint}")


class NotYetNumbered(Exception):
    """The feed has not come as far as the number after which more is asked for."""

    def __init__(self, after: int, last: int) -> None:
        super().__init__(
            f"the last number of the feed is {last}, and {after} is greater: the feed was numbered anew, perhaps after "
            "a backup was restored; begin again with after=0"
        )
