"""Takes what is due from the database, as requests that are ready to be sent."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from app.alerts.services import Meanings
from app.webhooks.delivery_queries import DeliveryQueries, Locked, Wanted
from app.webhooks.domain import Delivery, Endpoint
from app.webhooks.loading import messages_of
from app.webhooks.messages import Message
from app.webhooks.pacing import AT_ONCE, is_digest, pace_of, ready_again
from app.webhooks.queries import EndpointQueries
from lib.transactions import Transaction

# As where notes are numbered: a transaction that makes deliveries may commit late. So a look begins some seconds before
# what was taken last, and now and then with the first.
LOOK_BACK = timedelta(seconds=10)
FULL_LOOK = 10.0  # seconds between two looks from the first delivery on


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent to an endpoint at once; without messages if nothing is stored any more of its deliveries."""

    endpoint: Endpoint
    deliveries: Sequence[Delivery]
    messages: Sequence[Message]


class Taking:
    """Takes what is due, and remembers from which moment on to look at each endpoint."""

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings
        self._since: dict[int, datetime] = {}
        self._full_look_at = float("-inf")

    def take(self, current: Transaction, busy: Collection[int]) -> list[Request]:
        """Lease deliveries that are due, except to busy endpoints; commit before anything is sent."""
        queries = DeliveryQueries(current)
        self._forget_now_and_then()
        ready = queries.ready(busy, self._since.items())
        locked = queries.lock(ready) if ready else []
        if not locked:
            return []
        endpoints = {each.id: each for each in EndpointQueries(current).listening()}
        taken = queries.take([self._wanted(endpoints, each) for each in locked], AT_ONCE)
        self._remember(taken)
        deliveries = sorted((delivery for delivery, _ in taken), key=attrgetter("endpoint_id", "id"))
        if not deliveries:
            return []
        queries.pace(_ready_again(endpoints, locked, deliveries))
        messages = messages_of(current, deliveries, self._meanings)
        return [*_requests(endpoints, deliveries, messages)]

    def _forget_now_and_then(self) -> None:
        if time.monotonic() - self._full_look_at > FULL_LOOK:
            self._full_look_at = time.monotonic()
            self._since.clear()

    def _wanted(self, endpoints: Mapping[int, Endpoint], locked: Locked) -> Wanted:
        pace = pace_of(endpoints[locked.endpoint_id], locked.ready_at, locked.now)
        return Wanted(
            endpoint_id=locked.endpoint_id,
            most=pace.most,
            alone=pace.alone,
            since=self._since.get(locked.endpoint_id),
        )

    def _remember(self, taken: Sequence[tuple[Delivery, datetime]]) -> None:
        for delivery, was_due in taken:
            known = self._since.get(delivery.endpoint_id)
            since = was_due - LOOK_BACK
            self._since[delivery.endpoint_id] = max(known, since) if known else since


def _ready_again(
    endpoints: Mapping[int, Endpoint], locked: Sequence[Locked], deliveries: Sequence[Delivery]
) -> list[tuple[int, datetime]]:
    of_id = {each.endpoint_id: each for each in locked}
    return [
        (
            endpoint_id,
            ready_again(
                endpoints[endpoint_id], of_id[endpoint_id].ready_at, of_id[endpoint_id].now, sum(1 for _ in taken)
            ),
        )
        for endpoint_id, taken in groupby(deliveries, key=attrgetter("endpoint_id"))
    ]


def _requests(
    endpoints: Mapping[int, Endpoint], deliveries: Sequence[Delivery], messages: Mapping[int, Message]
) -> Iterator[Request]:
    for endpoint_id, of_endpoint in groupby(deliveries, key=attrgetter("endpoint_id")):
        endpoint = endpoints[endpoint_id]
        told = [*of_endpoint]
        empty = [each for each in told if each.id not in messages]
        if empty:
            yield Request(endpoint=endpoint, deliveries=empty, messages=())
        told = [each for each in told if each.id in messages]
        for together in [told] if is_digest(endpoint.format) and told else [[each] for each in told]:
            yield Request(endpoint=endpoint, deliveries=together, messages=[messages[each.id] for each in together])
