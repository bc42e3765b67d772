"""Which requests share a room: events, what Prometheus asks, and all else that asks the database; health passes by.

So whoever reads, drafts rules or scrapes, with however many clients, takes no thread and no connection from an event.
The rooms are those of a process.
"""

from dataclasses import dataclass
from functools import partial

from app.config import Settings
from lib.admission import Room
from lib.turns import Turns

EVENTS = frozenset({"/event", "/event/", "/api/events"})
HEALTH = "/health/"
METRICS = "/metrics"
PATIENCE = 0.6  # seconds without any progress after which requests are turned away, not the events inside
METRICS_AT_ONCE = 1
# While there are events, a place that others wait for is left empty after each, this many times as long as it was
# used. Else an event, which lets go of the interpreter half a dozen times, would find the next of them at each.
REST = 4.0
LONGEST_REST = 0.5  # seconds; less than PATIENCE, or who waits would be turned away
LONGEST_WAIT = 4.0  # seconds in these lines; less than WORK of app.bounds, which says by when everybody is answered
WITHOUT_EVENTS = 1.0  # seconds without an event, after which nobody needs to rest
# How many wait in each of the lines, of reading, of metrics and of all players with several events at once; each of
# them holds a thread (app.bounds).
READS_IN_LINE, METRICS_IN_LINE, TURNS_IN_LINE = 16, 4, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The rooms of a process."""

    events: Room
    reading: Room
    metrics: Room

    def of_path(self, path: str) -> Room | None:
        """Return the room in which requests for this path wait for their place; None: they need no place."""
        if path in EVENTS:
            return self.events
        if path.startswith(HEALTH):
            return None
        return self.metrics if path == METRICS else self.reading


def make_rooms(settings: Settings) -> Rooms:
    """Make them. The line of events has no end but that of all requests (app.bounds): it moves, or is turned away."""
    events = Room(settings.web_threads, patience=PATIENCE)

    def rests(used: float) -> float:
        return min(REST * used, LONGEST_REST) if events.moved_within(WITHOUT_EVENTS) else 0.0

    room = partial(Room, patience=PATIENCE, rests=rests, longest=LONGEST_WAIT, aside=True)
    return Rooms(
        events=events,
        reading=room(settings.read_threads, line=READS_IN_LINE),
        metrics=room(METRICS_AT_ONCE, line=METRICS_IN_LINE),
    )


def turns_of_players(settings: Settings) -> Turns:
    """Make the turns of a process: the events of a player are worked on one at a time (A37)."""
    return Turns(line=TURNS_IN_LINE, patience=settings.db_lock_timeout)
