"""Clients that play a day together, each over its own connection and with its own players."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from random import Random
from threading import Event as Flag
from threading import Thread

from e2e.faults.client import Attempt, Connection, Outcome
from e2e.faults.ledger import Acknowledged, Ledger
from testkit.oracle import Event
from testkit.play import day_of_play, lanes
from testkit.service import SEED

CLIENTS = 16
EVENTS = 150_000  # more than the fastest machine gets through
USERS = 9_000
# How many events a request has, and how often: most are single ones; the largest batches take several transactions.
SIZES = {1: 250, 8: 30, 300: 1}
LATE = 0.05  # share of the events that come after their player's next one
KEEP_LATE = {"LATE_EVENTS": "keep"}  # the setting of a service that gets them
SHARED = 10  # seconds that become one for players whose events have ids, so that some events share a second
PACE = 0.03  # seconds between two requests of each of CLIENTS: load, but no contest for the processors, nor by two runs
SLOW = 0.15  # the same beside something that needs the processors itself
AGAIN = 6  # connections over which all is sent again; as fast as they can, so more would be such a contest
RETRY = 0.1  # seconds until a request is sent again: less than Retry-After says, so that recovery is measured finely
SETTLE = 15  # seconds that a client goes on to settle its last request
STEADY = 1.2  # seconds without trouble, after which a fault counts as overcome
MAX_RECOVERY = 20


class Lane:
    """One client: its players' events in order, the next request only when the one before is acknowledged."""

    def __init__(self, requests: Iterator[Sequence[Event]], port: int, pace: float) -> None:
        self._requests = requests
        self._pace = pace
        self._connection = Connection(port)
        self._pending: Sequence[Event] = ()
        self._in_doubt = False
        self.ledger = Ledger()
        self.ended = Flag()

    def play(self) -> None:
        """Send requests until told to stop; settle the last one first, if possible."""
        while not self.ended.is_set():
            self._pending = self._pending or next(self._requests)
            self._settle(self._pending)
            time.sleep(self._pace)
        self._connection.close()

    def _settle(self, events: Sequence[Event]) -> None:
        limit = None
        while limit is None or time.monotonic() < limit:
            attempt = self._connection.send(events)
            self.ledger.attempts.append(attempt)
            if attempt.outcome is Outcome.TAKEN:
                return self._note(events, attempt)
            # A connection that was refused carried nothing: no doubt comes of it.
            self._in_doubt |= attempt.outcome is not Outcome.REFUSED
            limit = limit or (time.monotonic() + SETTLE if self.ended.is_set() else None)
            time.sleep(RETRY)
        return None

    def _note(self, events: Sequence[Event], attempt: Attempt) -> None:
        self.ledger.acknowledged.append(Acknowledged(events=events, answers=attempt.answers, in_doubt=self._in_doubt))
        self._pending, self._in_doubt = (), False

    def take_ledger(self) -> Ledger:
        taken, self.ledger = self.ledger, Ledger()
        return taken


@cache
def the_day() -> list[Event]:
    return [with_id(event) for event in day_of_play(seed=SEED, users=USERS, events=EVENTS, first_user_id=1)]


def with_id(event: Event) -> Event:
    """Give the events of half of each client's players ids; these may share a second."""
    if event.user_id // CLIENTS % 2:
        return event
    return replace(event, t=event.t - event.t % SHARED, event_id=f"tx-{event.t}")


def with_late(events: Sequence[Event]) -> list[Event]:
    """Let some of a client's events come after their player's next one, the same ones each time."""
    random, held, sent = Random(SEED), dict[int, Event](), list[Event]()  # noqa: S311 - it must be the same each time, not secret
    for event in events:
        if event.user_id not in held and random.random() < LATE:
            held[event.user_id] = event
            continue
        sent.append(event)
        if late := held.pop(event.user_id, None):
            sent.append(late)
    return sent


def in_requests(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Divide a client's events into requests of SIZES, the same ones each time."""
    random, left = Random(SEED + events[0].user_id), iter(events)  # noqa: S311 - it must be the same each time, not secret
    while request := list(islice(left, *random.choices([*SIZES], [*SIZES.values()]))):
        yield request


def in_the_systems_order() -> list[list[Event]]:
    return [[replace(event, t=t) for t, event in enumerate(the_day(), 1)]]


class Load:
    """All clients together; they play on where they stopped when they are started again."""

    def __init__(self, *, port: int, in_system_order: bool = False, pace: float = PACE) -> None:
        """Let CLIENTS play, some events late; in the system's order one, since `t` must then rise over all players.

        There it rises by one an event.
        """
        played = in_the_systems_order() if in_system_order else [*map(with_late, lanes(the_day(), CLIENTS))]
        self._lanes = [Lane(in_requests(lane), port, pace * len(played) / CLIENTS) for lane in played]
        self._threads: list[Thread] = []

    def start(self) -> None:
        for lane in self._lanes:
            lane.ended.clear()
        self._threads = [Thread(target=lane.play, daemon=True) for lane in self._lanes]
        for thread in self._threads:
            thread.start()

    def so_far(self) -> Ledger:
        return Ledger.joined([Ledger(attempts=list(lane.ledger.attempts)) for lane in self._lanes])

    def await_recovery(self, over: float) -> bool:
        """Play on until all has been well for a while after a fault was over; False: too long without any 200."""
        limit = over + MAX_RECOVERY
        while time.monotonic() < limit:
            ledger = self.so_far()
            quiet = time.monotonic() - max(over, ledger.last_trouble())
            if quiet > STEADY and ledger.taken(since=over):
                return True
            time.sleep(0.2)
        return bool(self.so_far().taken(since=over))

    def finish(self) -> Ledger:
        """Let every client settle its last request; return the notes since the start."""
        for lane in self._lanes:
            lane.ended.set()
        for thread in self._threads:
            thread.join()
        return Ledger.joined([lane.take_ledger() for lane in self._lanes])


def at_once(requests: Sequence[Acknowledged], port: int) -> list[tuple[Acknowledged, Attempt]]:
    """Send requests again over a few connections, until each is answered or has been tried a few times."""
    answers: list[tuple[Acknowledged, Attempt]] = []

    def send_all(part: Sequence[Acknowledged]) -> None:
        connection = Connection(port)
        answers.extend((each, send_again(connection, each.events)) for each in part)
        connection.close()

    threads = [Thread(target=send_all, args=[requests[first::AGAIN]], daemon=True) for first in range(AGAIN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def send_again(connection: Connection, events: Sequence[Event], *, tries: int = 5) -> Attempt:
    attempt = connection.send(events)
    if attempt.outcome in {Outcome.TAKEN, Outcome.STRANGE} or tries == 1:
        return attempt
    time.sleep(RETRY)
    return send_again(connection, events, tries=tries - 1)
