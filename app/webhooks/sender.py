"""The errand that sends what is due: it takes deliveries, has each request sent by a thread, and stores how that ended.

One thread speaks to the database, in few and large steps. Each request has a thread of its own, which does nothing but
send: there are at most 50 endpoints with at most 4 requests under way each, so no receiver, however slow, can take
away from another what that needs.

A worker that dies has lost nothing: what it took is due again when its lease ends, under the same id. So a receiver may
get a message twice, and never not at all.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from app.alerts.services import Meanings
from app.webhooks.delivery_queries import DeliveryQueries, Disabled, Result
from app.webhooks.domain import DeliveryState
from app.webhooks.messages import Outcome, Verdict
from app.webhooks.pacing import AT_ONCE
from app.webhooks.schedule import Next, effect_of, next_of, together
from app.webhooks.sending import Transport, send
from app.webhooks.taking import Request, Taking
from lib.database import Database
from lib.logs import get_logger
from lib.transactions import Transaction

PAUSE = 0.3  # seconds between two looks at what is due
DEADLINE = 10.0  # seconds of a transaction
LAST_RESULTS = 17.0  # seconds that requests under way may take to end when the worker stops

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request that was sent, and how that ended."""

    request: Request
    outcome: Outcome


class Sender:
    """Sends what is due, in a worker."""

    def __init__(self, database: Database, transport: Transport, meanings: Meanings) -> None:
        self._database, self._transport = database, transport
        self._taking = Taking(meanings)
        self._sent = SimpleQueue[Sent]()
        self._to_store: list[Sent] = []  # until they are stored, also if the database fails meanwhile
        self._under_way = Counter[int]()  # requests by endpoint

    def run_once(self) -> bool:
        """Store what has been sent, send what is due; return whether to look again without a pause."""
        self._collect(PAUSE)
        self._store()
        for request in (requests := self._take()):
            self._start(request)
        return bool(requests) or self._under_way.total() > 0

    def finish(self) -> None:
        """Wait for the requests under way, and store how they ended."""
        until = monotonic() + LAST_RESULTS
        while self._under_way.total() and monotonic() < until:
            self._collect(until - monotonic())
        self._store()

    def _collect(self, patience: float) -> None:
        """Collect what has been sent; if nothing has yet although requests are under way, wait for the first."""
        wait = self._under_way.total() > 0 and not self._to_store
        try:
            self._note(self._sent.get(block=wait, timeout=patience))
            while True:
                self._note(self._sent.get(block=False))
        except Empty:
            return

    def _note(self, sent: Sent) -> None:
        self._under_way[sent.request.endpoint.id] -= 1
        self._to_store.append(sent)

    def _store(self) -> None:
        if not self._to_store:
            return
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            disabled = store(current, self._to_store)
            current.commit()
        self._to_store.clear()
        for each in disabled:
            log.warning("endpoint disabled", endpoint=each.name, id=each.endpoint_id, reason=each.reason)

    def _take(self) -> list[Request]:
        busy = [endpoint_id for endpoint_id, count in self._under_way.items() if count >= AT_ONCE]
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            requests = self._taking.take(current, busy)
            if requests:
                current.commit()
            else:
                current.rollback()
        return requests

    def _start(self, request: Request) -> None:
        """Send a request in a thread. If none can be started, its deliveries are due again when their leases end."""
        thread = Thread(target=self._send, args=[request], name=f"endpoint {request.endpoint.id}", daemon=True)
        thread.start()
        self._under_way[request.endpoint.id] += 1

    def _send(self, request: Request) -> None:
        self._sent.put(Sent(request=request, outcome=attempt(request, self._transport)))


def attempt(request: Request, transport: Transport) -> Outcome:
    """Send a request, and return how that ended, whatever happens."""
    began = monotonic()
    if not request.messages:
        return Outcome(verdict=Verdict.FAILED, seconds=0.0, error="nothing is stored any more of what it is about")
    try:
        return send(request.endpoint, request.messages, transport)
    except Exception as error:
        # Whatever it is: without an outcome the deliveries would be attempted for ever, once a lease.
        log.exception("attempt disturbed", endpoint=request.endpoint.id, message=request.messages[0].id)
        return Outcome(
            verdict=Verdict.FAILED, seconds=monotonic() - began, error=f"error of the sender: {type(error).__name__}"
        )


def store(current: Transaction, sent: Sequence[Sent]) -> list[Disabled]:
    """Store how requests ended, and return the endpoints that are told no more."""
    queries = DeliveryQueries(current)
    endpoints = sorted({each.request.endpoint.id for each in sent})
    queries.lock_in_order(endpoints)
    queries.finish([*_results(sent)])
    return queries.note_effects(
        [
            (
                endpoint_id,
                together(
                    effect_of(min(delivery.attempts for delivery in each.request.deliveries), each.outcome)
                    for each in sent
                    if each.request.endpoint.id == endpoint_id and each.request.messages
                ),
            )
            for endpoint_id in endpoints
            if any(each.request.messages for each in sent if each.request.endpoint.id == endpoint_id)
        ]
    )


def _results(sent: Iterable[Sent]) -> Iterable[Result]:
    for each in sent:
        for delivery in each.request.deliveries:
            following = (
                next_of(delivery.attempts, each.outcome, random.random)
                if each.request.messages
                else Next(state=DeliveryState.DROPPED)
            )
            yield Result(delivery_id=delivery.id, outcome=each.outcome, next=following)
