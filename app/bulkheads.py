"""Bulkheads: a concurrency limit for events, one for batches, one for metrics, one for all else; health needs none.

So clients that read, draft rules, scrape or send batches, however many, take no thread and no connection from an event.
Each process has its own bulkheads.
"""

from dataclasses import dataclass
from functools import partial

from app.config import Settings
from lib.concurrency import ConcurrencyLimit
from lib.keyed_locks import KeyedLocks

EVENTS = frozenset({"/event", "/event/", "/api/events"})
BATCHES = frozenset({"/events", "/events/"})
HEALTH = "/health/"
METRICS = "/metrics"
STALL_TIMEOUT = 0.6  # seconds without progress after which waiting requests are rejected; events at work go on
METRICS_LIMIT = 1
BATCH_LIMIT = 1  # a second batch of a process would only wait for the interpreter
# While there are events, a slot for other requests stays empty after each one, COOLDOWN times as long as it was used.
# Otherwise an event, which releases the interpreter half a dozen times, would compete with the next of them each time.
COOLDOWN = 4.0
MAX_COOLDOWN = 0.5  # seconds; less than STALL_TIMEOUT, or waiting requests would be rejected
MAX_WAIT = 4.0  # seconds in these queues; less than WORK of app.bounds, within which every request is answered
WITHOUT_EVENTS = 1.0  # seconds without an event after which slots need no cooldown
# How many requests may wait to read, for metrics, for a batch, and for another event of the same player; each holds a
# thread (app.bounds).
MAX_WAITING_READS, MAX_WAITING_METRICS, MAX_WAITING_BATCHES, MAX_WAITING_EVENTS = 16, 4, 16, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulkheads:
    """The concurrency limits of a process, one for each kind of request."""

    events: ConcurrencyLimit
    batches: ConcurrencyLimit
    reading: ConcurrencyLimit
    metrics: ConcurrencyLimit

    def limit_for(self, path: str) -> ConcurrencyLimit | None:
        """Return the limit for requests to this path; None if there is none."""
        if path in EVENTS:
            return self.events
        if path in BATCHES:
            return self.batches
        if path.startswith(HEALTH):
            return None
        return self.metrics if path == METRICS else self.reading


def make_bulkheads(settings: Settings) -> Bulkheads:
    """Make the bulkheads; only REQUESTS (app.bounds) bounds the queue of events, which moves or is rejected."""
    events = ConcurrencyLimit(settings.web_threads, stall_timeout=STALL_TIMEOUT)

    def cooldown(used: float) -> float:
        return min(COOLDOWN * used, MAX_COOLDOWN) if events.progressed_within(WITHOUT_EVENTS) else 0.0

    beside_events = partial(ConcurrencyLimit, cooldown=cooldown, max_wait=MAX_WAIT, marks_blocked=True)
    return Bulkheads(
        events=events,
        # A batch may take longer than STALL_TIMEOUT, so it is no sign that the next one waits in vain.
        batches=beside_events(BATCH_LIMIT, max_waiting=MAX_WAITING_BATCHES, stall_timeout=MAX_WAIT),
        reading=beside_events(settings.read_threads, max_waiting=MAX_WAITING_READS, stall_timeout=STALL_TIMEOUT),
        metrics=beside_events(METRICS_LIMIT, max_waiting=MAX_WAITING_METRICS, stall_timeout=STALL_TIMEOUT),
    )


def make_player_locks(settings: Settings) -> KeyedLocks:
    """Make the locks with which a process handles one event of a player at a time (A37)."""
    return KeyedLocks(max_waiting=MAX_WAITING_EVENTS, timeout=settings.db_lock_timeout)
