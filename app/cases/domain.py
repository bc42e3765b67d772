"""Cases, as plain values: their states, how urgent they are, and what was done with them.

A case is about a player and gathers alerts until somebody closes it; a player has one open case at most.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.rules.meaning import Indicator, Strength

MAX_REASON, MAX_NOTE = 2_000, 10_000  # characters
MOST_URGENT, LEAST_URGENT = 0, 3  # priorities

DUE = {Strength.STRONG: timedelta(hours=1), Strength.NORMAL: timedelta(hours=24)}
REOPENED_WITHIN = timedelta(days=30)
CODES_WITHIN = timedelta(hours=24)
REPEATS = 5  # alerts of one code


class Status(StrEnum):
    """The state of a case; besides, an open one may be snoozed."""

    NEW = "new"  # waits for somebody
    IN_REVIEW = "in_review"
    MONITORING = "monitoring"  # waits until it can be told what has changed
    CLOSED = "closed"


class Outcome(StrEnum):
    """What came out of a case."""

    NO_CONCERN = "no_concern"
    MONITORED = "monitored"
    INFORMED = "informed"
    ACTION_TAKEN = "action_taken"
    EXCLUDED = "excluded"
    DUPLICATE = "duplicate"
    DATA_ERROR = "data_error"


class Step(StrEnum):
    """Something that happened to a case; each leaves a row that nobody can change."""

    OPENED = "open"
    ALERTS = "alerts"  # some were attached, retracted or found again
    TAKEN = "take"
    ASSIGNED = "assign"
    RELEASED = "release"
    SNOOZED = "snooze"
    WOKEN = "wake"
    WAITING = "wait"  # for an effect
    RETURNED = "return"  # the time has come to tell what has changed
    CLOSED = "close"
    UNDONE = "undo"  # of a closing
    NOTED = "note"
    MUTED = "mute"
    UNMUTED = "unmute"
    INTERACTION = "interaction"  # one was recorded, or corrected
    ACTION = "action"  # one was recorded, or a step of it
    EVALUATED = "evaluate"  # somebody decided what has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it is.

    `priority` is from 0, the most urgent, to 3, and never becomes less urgent. By `due_at` somebody should have dealt
    with it; while it is monitored, that is when the effect can be told, and after an interaction when to follow up.
    `strength` is the greatest of its alerts, and `sentence` that of its newest. `last_alert_at` is when the newest
    alert was numbered; of a case opened by hand without any, when it was opened. `first_t` and `last_t` are None until
    it has alerts. Of a case opened by hand, `indicator` is what was noticed.

    `version` (A74) counts the steps after which somebody who saw the case must look again: all but notes, mutes, and
    alerts that change neither state nor snooze. `events` is how many rows of its journal there are.
    """

    id: int
    user_id: int
    status: Status
    strength: Strength
    priority: int
    codes: tuple[int, ...] = ()
    alert_count: int = 0
    first_t: int | None = None
    last_t: int | None = None
    opened_at: datetime
    last_alert_at: datetime
    due_at: datetime
    assignee: int | None = None
    first_seen_at: datetime | None = None
    first_action_at: datetime | None = None
    snoozed_until: datetime | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    closed_by: int | None = None
    reopened_from: int | None = None
    legal_hold: bool = False
    indicator: Indicator | None = None
    sentence: str = ""
    version: int = 1
    events: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.status is not Status.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A step, and the case after it; `note` is what somebody wrote, `detail` what else is to be known, for JSON."""

    case: Case
    step: Step
    note: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """A row of a case's journal: who took which step when, and how the case was after it."""

    case_id: int
    seq: int
    version: int
    step: Step
    who: str
    staff_id: int | None
    at: datetime
    note: str
    detail: Mapping[str, Any]
    status: Status
    priority: int
    assignee: int | None
    snoozed_until: datetime | None
    due_at: datetime
    outcome: Outcome | None
    alert_count: int


def due_from(moment: datetime, strength: Strength) -> datetime:
    """Return by when a case should be dealt with that waits since this moment."""
    return moment + DUE[strength]


def more_urgent(priority: int) -> int:
    """Return the next more urgent priority, if there is one."""
    return max(MOST_URGENT, priority - 1)


def priority_of(
    *, strength: Strength, latest: Collection[datetime], most_repeated: int, closed_before: timedelta | None
) -> int:
    """Return how urgent a case is by its alerts.

    `latest` has for each code when its newest alert was numbered, `most_repeated` is how many alerts the most frequent
    code has, and `closed_before` how long before this case the player's case before it was closed, None without one.
    """
    if strength is Strength.STRONG:
        return MOST_URGENT
    newest = sorted(latest)[-2:]
    if len(newest) == 2 and newest[1] - newest[0] <= CODES_WITHIN:  # noqa: PLR2004  # two codes
        return 1
    if closed_before is not None and closed_before <= REOPENED_WITHIN:
        return 1
    return 2 if most_repeated >= REPEATS else LEAST_URGENT
