"""The duty that sends what is due: it takes deliveries, has threads send them, and stores how that ended.

One thread speaks to the database, in few and large steps. The threads that send do nothing else, and each sends to one
endpoint: there are at most 50 endpoints with at most 4 threads each, so no receiver, however slow, can take away from
another what that needs.

A worker that dies has lost nothing: what it took is due again when its lease ends, under the same id. So a receiver may
get a message twice, and never not at all.
"""

from collections import Counter
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic

from app.alerts.services import Meanings
from app.webhooks.running import Done, run
from app.webhooks.sending import Transport
from app.webhooks.storing import store
from app.webhooks.taking import Errand, Taking, UnderWay
from lib.database import Database
from lib.logs import get_logger

PAUSE = 0.3  # seconds between two looks at what is due
DEADLINE = 10.0  # seconds of a transaction
LAST_RESULTS = 17.0  # seconds that requests under way may take to end when the worker stops

log = get_logger()


class Sender:
    """Sends what is due, in a worker."""

    def __init__(self, database: Database, transport: Transport, meanings: Meanings) -> None:
        self._database, self._transport = database, transport
        self._taking = Taking(meanings)
        self._ended = SimpleQueue[Done]()
        self._to_store: list[Done] = []  # until they are stored, also if the database fails meanwhile
        self._threads, self._leased = Counter[int](), Counter[int]()  # by endpoint
        self._stops = Event()

    def run_once(self) -> bool:
        """Store what has been sent, send what is due; return whether to look again without a pause."""
        self._collect(PAUSE)
        self._store()
        errands = self._take()
        for errand in errands:
            self._start(errand)
        return bool(errands) or self._threads.total() > 0

    def finish(self) -> None:
        """Wait for the requests under way, and store how they ended."""
        self._stops.set()
        until = monotonic() + LAST_RESULTS
        while self._threads.total() and monotonic() < until:
            self._collect(until - monotonic())
            self._store()
        self._store()

    def _collect(self, patience: float) -> None:
        """Collect what has ended; if nothing has yet although threads send, wait for the first."""
        wait = self._threads.total() > 0 and not self._to_store
        try:
            self._note(self._ended.get(block=wait, timeout=patience))
            while True:
                self._note(self._ended.get(block=False))
        except Empty:
            return

    def _note(self, done: Done) -> None:
        self._threads[done.errand.endpoint.id] -= 1
        self._to_store.append(done)

    def _store(self) -> None:
        if not self._to_store:
            return
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            disabled = store(current, self._to_store)
            current.commit()
        for done in self._to_store:
            self._leased[done.errand.endpoint.id] -= len(done.errand.deliveries)
        self._to_store.clear()
        for each in disabled:
            log.warning("endpoint disabled", endpoint=each.name, id=each.endpoint_id, reason=each.reason)

    def _take(self) -> list[Errand]:
        under_way = {
            endpoint_id: UnderWay(requests=self._threads[endpoint_id], deliveries=leased)
            for endpoint_id, leased in self._leased.items()
            if leased
        }
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            errands = self._taking.take(current, under_way)
            if errands:
                current.commit()
            else:
                current.rollback()
        return errands

    def _start(self, errand: Errand) -> None:
        """Run an errand in a thread. If none can be started, its deliveries are due again when their leases end."""
        endpoint_id = errand.endpoint.id
        Thread(target=self._run, args=[errand], name=f"endpoint {endpoint_id}", daemon=True).start()
        self._threads[endpoint_id] += 1
        self._leased[endpoint_id] += len(errand.deliveries)

    def _run(self, errand: Errand) -> None:
        self._ended.put(run(errand, self._transport, self._stops.is_set))
