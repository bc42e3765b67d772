"""Takes what is due from the database, ready to be sent."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from app.alerts.services import Meanings
from app.webhooks.delivery_queries import DeliveryQueries, Locked, Wanted
from app.webhooks.domain import Delivery, Endpoint
from app.webhooks.loading import messages_of
from app.webhooks.mailboxes import Mailboxes, Turn
from app.webhooks.messages import Message
from app.webhooks.pacing import AT_ONCE, is_digest, most_now, ready_again
from app.webhooks.queries import EndpointQueries
from lib.transactions import Transaction

# As where notes are numbered: a transaction that makes deliveries may commit late. So a look begins some seconds before
# what was taken last, and now and then with the first.
LOOK_BACK = timedelta(seconds=10)
FULL_LOOK = 10.0  # seconds between two looks from the first delivery on


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one thread sends to an endpoint: a digest as one request, other messages one after the other.

    Each delivery has its message, None if nothing is stored any more of what it is about.
    """

    endpoint: Endpoint
    deliveries: Sequence[Delivery]
    messages: Sequence[Message | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What this worker has under way to an endpoint: requests, and deliveries."""

    requests: int
    deliveries: int


NOTHING = UnderWay(requests=0, deliveries=0)


class Taking:
    """Takes what is due, and remembers from which moment on to look at each endpoint."""

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings
        self._mailboxes = Mailboxes()
        self._since: dict[int, datetime] = {}
        self._full_look_at = float("-inf")

    def take(self, current: Transaction, under_way: Mapping[int, UnderWay]) -> list[Errand]:
        """Lease deliveries that are due; commit before anything is sent."""
        queries = DeliveryQueries(current)
        self._forget_now_and_then()
        busy = [endpoint_id for endpoint_id, each in under_way.items() if each.requests >= AT_ONCE]
        ready = queries.ready({*busy, *self._mailboxes.resting()}, self._since.items())
        if not ready:
            return []
        endpoints = {each.id: each for each in EndpointQueries(current).listening()}
        turns = self._mailboxes.lock(queries, ready, endpoints)
        if not turns:
            return []
        taken = queries.take(
            [self._wanted(endpoints[each.locked.endpoint_id], each.locked, under_way) for each in turns]
        )
        self._remember(taken)
        deliveries = sorted((delivery for delivery, _ in taken), key=attrgetter("endpoint_id", "id"))
        if not deliveries:
            return []
        queries.pace([*_ready_again(endpoints, turns, deliveries)])
        messages = messages_of(current, deliveries, self._meanings)
        return [*_errands(endpoints, deliveries, messages, under_way)]

    def _forget_now_and_then(self) -> None:
        if time.monotonic() - self._full_look_at > FULL_LOOK:
            self._full_look_at = time.monotonic()
            self._since.clear()

    def _wanted(self, endpoint: Endpoint, locked: Locked, under_way: Mapping[int, UnderWay]) -> Wanted:
        own = under_way.get(endpoint.id, NOTHING)
        return Wanted(
            endpoint_id=endpoint.id,
            most=most_now(endpoint, locked.ready_at, locked.now, own.requests),
            own=own.deliveries,
            since=self._since.get(endpoint.id),
        )

    def _remember(self, taken: Sequence[tuple[Delivery, datetime]]) -> None:
        for delivery, was_due in taken:
            known = self._since.get(delivery.endpoint_id)
            since = was_due - LOOK_BACK
            self._since[delivery.endpoint_id] = max(known, since) if known else since


def _ready_again(
    endpoints: Mapping[int, Endpoint], turns: Sequence[Turn], deliveries: Sequence[Delivery]
) -> Iterator[tuple[int, datetime]]:
    of_id = {each.locked.endpoint_id: each for each in turns}
    for endpoint_id, taken in groupby(deliveries, key=attrgetter("endpoint_id")):
        turn, count = of_id[endpoint_id], sum(1 for _ in taken)
        yield from turn.paced(ready_again(endpoints[endpoint_id], turn.locked.ready_at, turn.locked.now, count))


def _errands(
    endpoints: Mapping[int, Endpoint],
    deliveries: Sequence[Delivery],
    messages: Mapping[int, Message],
    under_way: Mapping[int, UnderWay],
) -> Iterator[Errand]:
    """Share the deliveries to each endpoint among as many threads as it may have."""
    for endpoint_id, of_endpoint in groupby(deliveries, key=attrgetter("endpoint_id")):
        endpoint, told = endpoints[endpoint_id], [*of_endpoint]
        free = 1 if is_digest(endpoint.format) else AT_ONCE - under_way.get(endpoint_id, NOTHING).requests
        for first in range(min(free, len(told))):
            share = told[first::free]
            yield Errand(endpoint=endpoint, deliveries=share, messages=[messages.get(each.id) for each in share])
