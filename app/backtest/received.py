"""What is stored about a player whose events did not all come in order, or were corrected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from app.backtest.audits import Grouped
from app.backtest.domain import PlayerRange
from app.backtest.findings import KeptAlert
from app.backtest.queries import BacktestQueries, StoredEvent
from app.seals.domain import EventFacts
from app.seals.entries import Entry

Place = tuple[int, int]


class Superseded(NamedTuple):
    """A correction, with the event as it stood before."""

    user_id: int
    seq: int
    t: int
    n: int
    no: int
    type: str
    amount: Decimal
    codes: Sequence[int]
    edition: int
    received: int
    event_seq: int | None
    event_id: str | None
    taken_after: int | None
    groups_version: int | None
    new_type: str | None
    new_amount: Decimal | None
    clock_t: int
    before_alerts: bool

    @property
    def place(self) -> Place:
        """Where the event stands, or stood."""
        return self.t, self.n

    @property
    def facts(self) -> EventFacts:
        """The event as it stood before."""
        first = self.user_id, self.t, self.event_seq, self.type, self.amount, self.codes, self.edition, self.received
        return EventFacts(*first, self.n, self.event_id, self.taken_after, self.groups_version)


class StoredRevision(NamedTuple):
    """How the codes of an event changed; `lines` are the codes that were found, each in the form of an alert."""

    user_id: int
    t: int
    n: int
    no: int
    codes_before: Sequence[int]
    codes_after: Sequence[int]
    edition: int
    found: Mapping[str, Any]
    cause: int
    lines: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """All that is stored about a player: what was received, what stands, alerts and revisions by place."""

    entries: Sequence[Entry]
    standing: Sequence[StoredEvent]
    superseded: Sequence[Superseded]
    alerts: Mapping[Place, Sequence[KeptAlert]]
    revisions: Mapping[Place, Sequence[StoredRevision]]


AlertsAt = Callable[[Place], Sequence[KeptAlert]]


class Irregular:
    """The players of a range who have corrections or revisions, one after the other."""

    def __init__(self, queries: BacktestQueries, players: PlayerRange) -> None:
        self._queries = queries
        superseded = map(Superseded._make, chain.from_iterable(queries.superseded(players)))
        revisions = map(StoredRevision._make, chain.from_iterable(queries.revisions(players)))
        self._superseded = Grouped(superseded, lambda each: each.user_id)
        self._revisions = Grouped(revisions, lambda each: each.user_id)

    def includes(self, user_id: int) -> bool:
        """Tell whether this is the next of them."""
        return user_id in {self._superseded.next(), self._revisions.next()}

    def before(self, user_id: int | None) -> Iterator[int]:
        """Yield those before a player, all that are left before None; take what was received about each."""
        while (first := min(filter(None, (self._superseded.next(), self._revisions.next())), default=None)) is not None:
            if user_id is not None and first >= user_id:
                return
            yield first

    def take(self, user_id: int, standing: Sequence[StoredEvent], alerts: AlertsAt) -> Received:
        """Return all that is stored about a player, and go on to the next one."""
        superseded = self._superseded.at(user_id)
        revisions = self._revisions.at(user_id)
        places = {(each.facts.t, each.facts.n) for each in standing} | {each.place for each in superseded}
        by_place: dict[Place, list[StoredRevision]] = {}
        for each in revisions:
            by_place.setdefault((each.t, each.n), []).append(each)
        return Received(
            entries=tuple(chain.from_iterable(self._queries.entries(user_id))),
            standing=standing,
            superseded=superseded,
            alerts={place: alerts(place) for place in sorted(places)},
            revisions=by_place,
        )
