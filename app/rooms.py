"""Which requests share a room: events, metrics, and all others that use the database; health needs none.

So clients that read, draft rules or scrape, however many, take no thread and no connection from an event. Each process
has its own rooms.
"""

from dataclasses import dataclass
from functools import partial

from app.config import Settings
from lib.concurrency import ConcurrencyLimit
from lib.keyed_locks import KeyedLocks

EVENTS = frozenset({"/event", "/event/", "/api/events"})
HEALTH = "/health/"
METRICS = "/metrics"
PATIENCE = 0.6  # seconds without progress after which waiting requests are turned away; events at work go on
METRICS_AT_ONCE = 1
# While there are events, a place for other requests rests after each one, REST times as long as it was used. Otherwise
# an event, which releases the interpreter half a dozen times, would compete with the next of them each time.
REST = 4.0
MAX_REST = 0.5  # seconds; less than PATIENCE, or waiting requests would be turned away
MAX_WAIT = 4.0  # seconds in these lines; less than WORK of app.bounds, within which every request is answered
WITHOUT_EVENTS = 1.0  # seconds without an event after which places need no rest
# How many requests wait in the lines for reading, for metrics, and of all players with several events at once; each
# holds a thread (app.bounds).
READS_IN_LINE, METRICS_IN_LINE, TURNS_IN_LINE = 16, 4, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The rooms of a process."""

    events: ConcurrencyLimit
    reading: ConcurrencyLimit
    metrics: ConcurrencyLimit

    def room_for(self, path: str) -> ConcurrencyLimit | None:
        """Return the room in which requests for this path take a place; None if they need none."""
        if path in EVENTS:
            return self.events
        if path.startswith(HEALTH):
            return None
        return self.metrics if path == METRICS else self.reading


def make_rooms(settings: Settings) -> Rooms:
    """Make the rooms; the line of events is bounded only by REQUESTS (app.bounds): it moves, or is turned away."""
    events = ConcurrencyLimit(settings.web_threads, stall_timeout=PATIENCE)

    def rests(used: float) -> float:
        return min(REST * used, MAX_REST) if events.progressed_within(WITHOUT_EVENTS) else 0.0

    room = partial(ConcurrencyLimit, stall_timeout=PATIENCE, cooldown=rests, max_wait=MAX_WAIT, marks_blocked=True)
    return Rooms(
        events=events,
        reading=room(settings.read_threads, max_waiting=READS_IN_LINE),
        metrics=room(METRICS_AT_ONCE, max_waiting=METRICS_IN_LINE),
    )


def make_player_locks(settings: Settings) -> KeyedLocks:
    """Make the turns of a process, in which the events of a player are handled one at a time (A37)."""
    return KeyedLocks(max_waiting=TURNS_IN_LINE, timeout=settings.db_lock_timeout)
