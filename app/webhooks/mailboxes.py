"""Keeps one pace for all endpoints that send e-mail to one address: they take turns, one digest a minute (A67).

The pace of an address is that of its first endpoint, whatever the state of that is: who sends to any of them has locked
its row, so that several workers keep one pace together.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from time import monotonic

from app.webhooks.delivery_queries import DeliveryQueries, Locked
from app.webhooks.domain import Endpoint
from app.webhooks.pacing import first_of_mailbox

NEVER = datetime.min.replace(tzinfo=UTC)
AN_INSTANT = timedelta(microseconds=1)  # by which those of one address differ, so that the next turn is another's


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An endpoint whose turn it is; the others of its address follow it, and `keeps` is the one that keeps the pace."""

    locked: Locked
    others: Sequence[int] = ()
    keeps: int

    def paced(self, ready_at: datetime) -> Iterator[tuple[int, datetime]]:
        """Yield from when on each endpoint of the address may be told more, those first that were not told now."""
        told = self.locked.endpoint_id
        if self.keeps not in {told, *self.others}:
            yield self.keeps, ready_at
        for place, endpoint_id in enumerate((*self.others, told)):
            yield endpoint_id, ready_at + place * AN_INSTANT


class Mailboxes:
    """Says whose turn it is, and remembers which endpoints have to wait for others of their address."""

    def __init__(self) -> None:
        self._rest_until: dict[int, float] = {}

    def resting(self) -> Collection[int]:
        """Return the endpoints that need not be looked at yet."""
        now = monotonic()
        self._rest_until = {endpoint_id: until for endpoint_id, until in self._rest_until.items() if until > now}
        return self._rest_until.keys()

    def lock(self, queries: DeliveryQueries, ready: Collection[int], endpoints: Mapping[int, Endpoint]) -> list[Turn]:
        """Lock endpoints that are ready; of those with one address only one, if its pace allows that."""
        first = first_of_mailbox(endpoints.values())
        wanted = sorted({first[each] for each in ready if each in first})
        paces = {each.endpoint_id: each for each in queries.lock_pace(wanted)} if wanted else {}
        locked = queries.lock([each for each in ready if each not in first or self._may(each, paces.get(first[each]))])
        return [*_turns(locked, first)]

    def _may(self, endpoint_id: int, pace: Locked | None) -> bool:
        if pace is None:  # another worker sends to this address
            return False
        wait = ((pace.ready_at or NEVER) - pace.now).total_seconds()
        if wait > 0:
            self._rest_until[endpoint_id] = monotonic() + wait
        return wait <= 0


def _turns(locked: Iterable[Locked], first: Mapping[int, int]) -> Iterator[Turn]:
    def mailbox(each: Locked) -> int:
        return first.get(each.endpoint_id, each.endpoint_id)

    for keeps, sharing in groupby(sorted(locked, key=mailbox), key=mailbox):
        longest, *others = sorted(sharing, key=lambda each: (each.ready_at or NEVER, each.endpoint_id))
        yield Turn(locked=longest, others=[each.endpoint_id for each in others], keeps=keeps)
