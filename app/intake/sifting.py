"""Which lines of a player are imported: exactly those that would be stored if they were sent in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.events.domain import (
    DuplicateEvent,
    DuplicateId,
    EventRefused,
    FullSecond,
    InTheFuture,
    OutOfOrder,
    TakenSecond,
    UnknownUser,
)
from app.intake.domain import Fault, Row
from app.rules.event import ActivityEvent
from app.rules.limits import MAX_IN_A_SECOND


class Known(NamedTuple):
    """A player's clock: the latest `t`, how many events were counted, and the version of the row.

    `place` is that of the latest event in its second, None if it has the second to itself; `corrections` counts those
    of the player's events.
    """

    last_t: int = -1
    events: int = 0
    version: int = 0
    place: int | None = None
    corrections: int = 0


NOBODY = Known()  # a player without events


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far `t` may be ahead of the service's clock (A31); `allowed` None: it is compared with no clock."""

    now: int = 0
    allowed: int | None = None

    def refuses(self, t: int) -> bool:
        """Return whether `t` is too far ahead."""
        return self.allowed is not None and t > self.now + self.allowed


@dataclass(slots=True)
class Sifter:
    """The lines of one player, decided one by one in the order of `t` and of the file.

    `stored_at` and `stored_as` are the events already stored at a `t` (the first there) and under an id.
    """

    known: Known
    registered: bool = True
    ahead: Ahead = field(default_factory=Ahead)
    stored_at: Mapping[int, ActivityEvent] = field(default_factory=dict)
    stored_as: Mapping[str, ActivityEvent] = field(default_factory=dict)
    accepted: int = 0
    last_t: int = field(init=False)
    _place: int | None = field(init=False)
    _latest: Row | None = None  # of the file
    _ids: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last_t, self._place = self.known.last_t, self.known.place

    def decide(self, row: Row) -> int | Fault | None:
        """Return the event's place in its second, or why it is refused; None if it is stored already."""
        _, user_id, t, _, _, event_id = row
        known = event_id is not None and (event_id in self._ids or event_id in self.stored_as)
        in_order = t > self.last_t and not known and not self.known.corrections
        if in_order and self.registered and not self.ahead.refuses(t):
            return self._accept(row, 0)  # nearly always: nothing is stored at this `t` or later
        try:
            if self._is_stored(row.event()):
                return None
            if not self.registered:
                raise UnknownUser(user_id)
            if self.ahead.refuses(t):
                raise InTheFuture(t, now=self.ahead.now, allowed=self.ahead.allowed or 0)
            return self._twice(row) or self._beside_corrected(row) or self._accept(row, self._place_of(row))
        except EventRefused as error:
            return Fault(row.line, _FIELDS.get(type(error), "t"), str(error))

    def _is_stored(self, event: ActivityEvent) -> bool:
        """Return whether this very event is stored; raises `EventRefused` if another one has its identity."""
        if event.event_id is not None and (known := self.stored_as.get(event.event_id)):
            if not event.is_retry_of(known):
                raise DuplicateId(event, known)
            return True
        stored = self.stored_at.get(event.t)
        if stored is None or (event.event_id and stored.event_id):
            return False
        if event.event_id or stored.event_id:
            raise TakenSecond(event, stored)
        if not event.is_retry_of(stored):
            raise DuplicateEvent(event.user_id, event.t)
        return True

    def _twice(self, row: Row) -> Fault | None:
        """Return the fault of a line that has the identity of an earlier line."""
        if row.event_id is not None and (before := self._ids.get(row.event_id)):
            return Fault(row.line, "event_id", _same(row, before, f"event_id {row.event_id} of this player"))
        latest = self._latest
        if latest is None or row.t != latest.t or (row.event_id and latest.event_id):
            return None
        return Fault(row.line, "t", _same(row, latest, f"t {row.t} of this player"))

    def _beside_corrected(self, row: Row) -> Fault | None:
        """Return the fault of a line in the second of an event that was reversed since, and set the clock back."""
        if row.t > self.last_t and row.t in self.stored_at:
            return Fault(row.line, "t", f"an event at t {row.t} was corrected; send this one to the service by itself")
        return None

    def _place_of(self, row: Row) -> int:
        """Return the place of the event in its second; raises `EventRefused`."""
        if row.t > self.last_t:
            return 0
        if row.t < self.last_t or row.event_id is None or self._place is None:
            raise OutOfOrder(row.user_id, row.t, self.last_t)
        if self._place + 1 >= MAX_IN_A_SECOND:
            raise FullSecond(row.user_id, row.t)
        return self._place + 1

    def _accept(self, row: Row, place: int) -> int:
        if row.event_id is not None:
            self._ids[row.event_id] = row
        self.last_t, self._place, self._latest = row.t, None if row.event_id is None else place, row
        self.accepted += 1
        return place


_FIELDS: dict[type[EventRefused], str] = {UnknownUser: "user_id", DuplicateId: "event_id"}


def _same(row: Row, before: Row, named: str) -> str:
    if row[1:] == before[1:]:
        return f"is the same event as line {before.line}: leave one of the two out"
    shared = "" if row.event_id and row.event_id == before.event_id else "; only events with an event_id share a second"
    return f"{named} is also in line {before.line}{shared}"
