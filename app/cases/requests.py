"""What people ask of cases, and what they get, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.cases.arrivals import Mute
from app.cases.domain import Case, CaseEvent, Outcome, Status
from app.rules.meaning import Indicator, Strength

MAX_BULK = 200  # cases in one request
MAX_VIEWS = 50  # saved by one person
COUNTED = 100  # cases at most; more are shown as "99+"
PRESENT = 45  # seconds that a pulse counts: three pulses


class Tab(StrEnum):
    """A list of cases to work through."""

    NEW = "new"
    MINE = "mine"
    TEAM = "team"  # in review, whoever has it
    MONITORING = "monitoring"
    SNOOZED = "snoozed"
    OVERDUE = "overdue"
    STRONG = "strong"
    CLOSED = "closed"


class Sort(StrEnum):
    """In which order a tab lists its cases."""

    URGENT = "urgent"  # as the tab does by itself
    LATEST = "latest"  # the newest alert first


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which cases of a tab; None means any."""

    code: int | None = None
    priority: int | None = None
    strength: Strength | None = None
    user_id: int | None = None
    assignee: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """Which page of a tab. `after` is the `next_after` of the page before, as it came."""

    tab: Tab
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.URGENT
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A case in a list: `nth` of the player's cases opened in 30 days, and the name of who has it."""

    case: Case
    nth: int
    assignee: str | None

    @property
    def id(self) -> int:
        """The case's id."""
        return self.case.id


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """A page of a tab, and for each tab how many cases it has, at most 100; `now` is the time of both."""

    rows: Sequence[QueueRow]
    next_after: str | None
    counts: Mapping[Tab, int]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """Cases by descending id; `next_before` is the `before` of the next page."""

    cases: Sequence[Case]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseListQuery:
    """Which cases: at most `limit` with ids below `before`, newest first."""

    limit: int
    before: int | None = None
    status: Status | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAlert:
    """An alert attached to a case, by what names it, with the name that its rule has in its edition."""

    number: int
    user_id: int
    t: int
    n: int
    code: int
    edition: int
    at: datetime
    muted: bool
    retracted_at: datetime | None
    sentence: str
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody who has the case before them."""

    staff_id: int
    name: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """All that a page about a case shows: its newest alerts first, its journal from the beginning, the cases before.

    `assignee` and `closer` are names, `draft` what the reader was writing, `present` who else has it before them.
    """

    case: Case
    alerts: Sequence[CaseAlert]
    events: Sequence[CaseEvent]
    previous: Sequence[Case]
    mutes: Sequence[Mute]
    present: Sequence[Present]
    assignee: str | None
    closer: str | None
    draft: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRef:
    """The case that a step is about, as the person saw it; `form` is the random id of the form that was sent.

    Sent twice, a form is one step. Without a `version`, whatever has happened meanwhile does not matter.
    """

    case_id: int
    version: int | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How to close a case; `alerts` is the number of alerts that the form showed, None where none was shown."""

    outcome: Outcome
    reason: str
    alerts: int | None = None
    why_no_interaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A case to open by hand."""

    user_id: int
    indicator: Indicator
    reason: str
    strength: Strength = Strength.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of one case of many: as it is now, or else why not."""

    case_id: int
    case: Case | None
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A list that a person comes back to: a tab, with filters and order as the page's address has them."""

    id: int
    name: str
    query: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """How far alerts are attached: so many of the feed wait, the oldest for so many seconds.

    `since` and `began` are when cases began, and the last number of the feed that is none of theirs.
    """

    waiting: int
    oldest: float
    number: int
    began: int
    since: datetime
