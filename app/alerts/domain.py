"""Stored alerts, as plain values: which rule was met, by which edition, and why."""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an alert stands in a list, which is in the order of these, falling."""

    t: int
    user_id: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """A code that was raised at an event; in the shadow it was never answered."""

    user_id: int
    t: int
    code: int
    edition: int
    shadow: bool
    evidence: Evidence

    @property
    def place(self) -> Place:
        """Where it stands in a list."""
        return Place(self.t, self.user_id, self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsAsked:
    """Which alerts: at most `limit` that come after the place `before`, with a `t` of `since` or more (A26).

    Those of the shadow or those that were answered; of one code, one user, one edition where that is asked for.
    """

    limit: int
    before: Place | None = None
    since: int = 0
    shadow: bool = False
    code: int | None = None
    user_id: int | None = None
    edition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """Alerts, the newest first; those that follow are asked for with `before` as `next_before` says."""

    alerts: Sequence[StoredAlert]
    next_before: Place | None


class NoSuchAlert(Exception):
    """No such alert is stored."""

    def __init__(self, at: Place, *, shadow: bool) -> None:
        where = "" if shadow else "; perhaps it is one of the shadow: shadow=true"
        super().__init__(f"no alert {at.code} of user {at.user_id} is stored at t {at.t}{where}")
