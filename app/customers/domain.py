"""A customer as plain values: who they are, what they did in some ranges of time, what was raised, and the records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.alerts.domain import AlertPage
from app.cases.domain import Case
from app.customers.ranges import Axis, Range
from app.customers.totals import Money, Totals
from app.events.reading.domain import EventPage
from app.events.revising.domain import RecordedCorrection
from app.rules.rule import TotalLimit

MAX_MARKED = 10_000  # alerts of a code in an edition, the newest, that are counted for one page


class Tab(StrEnum):
    """What the lower half of a customer's page lists."""

    ALERTS = "alerts"
    MONEY = "money"
    CASES = "cases"
    INTERACTIONS = "interactions"


class Registered(NamedTuple):
    """What the register says of a customer."""

    name: str
    email: str
    groups: Sequence[str]
    since: datetime


class PublishedEdition(NamedTuple):
    """An edition of the rules, and the second in which it was published."""

    number: int
    at: int


class Contact(NamedTuple):
    """Something that was recorded beside cases, such as an interaction: when, what, by whom, and its page."""

    at: datetime
    title: str
    detail: str
    by: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a customer is, and between which `t` their events lie; `corrections` is how many events were corrected."""

    user_id: int
    registered: Registered | None
    first_t: int | None
    last_t: int | None
    corrections: int
    editions: Sequence[PublishedEdition]
    now: datetime


@dataclass(frozen=True, slots=True)
class Marks:
    """Alerts of a code from `begin` until the next bucket; `newest` is the `t` of the last of them."""

    code: int
    begin: int
    count: int
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the picture shows: money and alerts in the buckets of an axis, when editions began, and the limits.

    `limits` are those of the live edition for a total over as long as a bucket is.
    """

    shown: Range
    axis: Axis
    money: Money
    marks: Sequence[Marks]
    editions: Sequence[PublishedEdition]
    limits: Mapping[int, TotalLimit]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage:
    """All that a customer's page shows; of the lists only that of the tab."""

    person: Person
    is_clock: bool
    totals: Sequence[Totals]
    picture: Picture | None
    cases: Sequence[Case]
    alerts: AlertPage | None = None
    events: EventPage | None = None
    corrections: Sequence[RecordedCorrection] = ()
    contacts: Sequence[Contact] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerTotals:
    """The totals of each range that ends at the `t` of `until`; None if that is not known, without events."""

    user_id: int
    until: int | None
    totals: Sequence[Totals]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Somebody looked at a customer, in the hour that began at `hour`."""

    id: int
    user_id: int
    staff_id: int
    name: str
    hour: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Somebody took data along: so many rows, in a file with this digest."""

    id: int
    who: str
    kind: str
    user_id: int | None
    rows: int
    sha256: bytes
    at: datetime


class NoSuchCustomer(Exception):
    """Nobody with this number is registered, and there are neither events nor cases of them."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"there is no customer {user_id}: nobody registered, no event and no case has this number")


class TooManyRows(Exception):
    """A file would have more rows than one may have."""

    def __init__(self, user_id: int, most: int) -> None:
        super().__init__(
            f"the file of customer {user_id} would have more than {most:,} rows; whoever runs the service can write "
            "all of them from the database"
        )
