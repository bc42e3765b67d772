"""What a user did so far, kept up event by event: the same history that the database is asked for live.

Bounded as that one is: the last events, those within the longest listed window, and two numbers for each event within
the longest window that is only added up.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from decimal import Decimal

from app.rules.event import ActivityEvent, EventType
from app.rules.history import History, HistoryNeeds, Window, WindowSum

ROOM = 4096  # events of a type after which those that no window holds any more are dropped


class RunningHistory:
    """The history of one user after the other, as far as the needs say."""

    def __init__(self, needs: HistoryNeeds) -> None:
        latest: list[ActivityEvent] = []
        latest_of: dict[EventType, list[ActivityEvent]] = {kind: [] for kind in needs.latest_of}
        window: dict[EventType, list[ActivityEvent]] = {kind: [] for kind in needs.window}
        self._sums, self._adds_up = RunningSums(needs.sums), bool(needs.sums)
        # Made once: the parts change beneath it, and it costs an event nothing.
        self._history = History(
            latest=latest, latest_of=latest_of, window=window, sums=self._sums if needs.sums else {}
        )
        self._windows = [(window[kind], seconds) for kind, seconds in needs.window.items()]
        # Where an event of a type goes, and how many are kept there. As t rises, a window holds no more events than
        # seconds, so it is bounded also where nobody asks what was before.
        self._parts = {
            kind: [
                (part, most)
                for part, most in (
                    (latest, needs.latest),
                    (latest_of.get(kind), needs.latest_of.get(kind)),
                    (window.get(kind), needs.window.get(kind)),
                )
                if part is not None and most
            ]
            for kind in EventType
        }

    def forget(self) -> None:
        """Begin with another user."""
        for parts in self._parts.values():
            for part, _ in parts:
                part.clear()
        self._sums.forget()

    def before(self, t: int) -> History:
        """Return what was before `t`, which is above that of every event remembered; true until the next call."""
        for within, seconds in self._windows:
            opens = t - seconds
            while within and within[-1].t < opens:
                within.pop()
        self._sums.t = t
        return self._history

    def moments_in(self, window: Window, t: int, most: int) -> list[int]:
        """Return when the last events of a summed window were, which ends just before `t`; the newest first."""
        return self._sums.moments_in(window, t, most)

    def remember(self, event: ActivityEvent) -> None:
        """Take the user's next event in."""
        for part, most in self._parts[event.type]:
            part.insert(0, event)
            if len(part) > most:
                part.pop()
        if self._adds_up:
            self._sums.remember(event)


class RunningSums(Mapping[Window, WindowSum]):
    """What the windows before `t` add up to, each worked out when it is asked for; one without events is not in it."""

    def __init__(self, windows: frozenset[Window]) -> None:
        self.t = 0
        self._ledgers = {kind: Ledger() for kind in {window.type for window in windows}}
        self._running = {window: RunningSum(self._ledgers[window.type], window.seconds) for window in windows}

    def __getitem__(self, window: Window) -> WindowSum:
        found = self._running[window].before(self.t)
        if found is None:
            raise KeyError(window)
        return found

    def __iter__(self) -> Iterator[Window]:
        return (window for window, running in self._running.items() if running.before(self.t))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def moments_in(self, window: Window, t: int, most: int) -> list[int]:
        """Return the last moments of a window, the newest first."""
        return [each for each in self._ledgers[window.type].latest(most) if each >= t - window.seconds]

    def remember(self, event: ActivityEvent) -> None:
        """Take the user's next event in."""
        ledger = self._ledgers.get(event.type)
        if ledger is not None:
            ledger.add(event)

    def forget(self) -> None:
        """Begin with another user."""
        for ledger in self._ledgers.values():
            ledger.forget()


class Ledger:
    """When the events of one type were and how many cents, in two numbers each: a window of weeks may hold millions."""

    def __init__(self) -> None:
        self.times = array("q")
        self.cents = array("q")
        self._sums: list[RunningSum] = []
        self._room = ROOM

    def serve(self, running: "RunningSum") -> None:
        """Keep what this sum may ask for."""
        self._sums.append(running)

    def add(self, event: ActivityEvent) -> None:
        """Write an event down."""
        self.times.append(event.t)
        self.cents.append(int(event.amount * 100))
        if len(self.times) > self._room:
            self._drop_what_is_past(event.t)

    def latest(self, most: int) -> list[int]:
        """Return the last moments, the newest first."""
        return self.times[-1 : -most - 1 : -1].tolist()

    def forget(self) -> None:
        """Begin with another user."""
        if self.times:
            del self.times[:], self.cents[:]
            self._room = ROOM
            for running in self._sums:
                running.forget()

    def _drop_what_is_past(self, t: int) -> None:
        """Let go what lies before the longest window; twice as much as is left may come before the next time."""
        past = bisect_left(self.times, t - max(running.seconds for running in self._sums))
        for running in self._sums:
            running.give_up(past)
        del self.times[:past], self.cents[:past]
        self._room = max(ROOM, 2 * len(self.times))


class RunningSum:
    """The sum over one window: what comes in is added and what falls out is taken away, each once."""

    def __init__(self, ledger: Ledger, seconds: int) -> None:
        self.seconds = seconds
        self._ledger = ledger
        self.forget()
        ledger.serve(self)

    def forget(self) -> None:
        """Begin with an empty ledger."""
        self._first = self._end = self._total = 0  # the places in the ledger from which and up to which it is added up

    def before(self, t: int) -> WindowSum | None:
        """Add up the window that ends at `t`; None when nothing is in it."""
        times, cents = self._ledger.times, self._ledger.cents
        if self._end < len(times):
            self._total += sum(cents[self._end :])
            self._end = len(times)
        opens = t - self.seconds
        while self._first < self._end and times[self._first] < opens:
            self._total -= cents[self._first]
            self._first += 1
        if self._first == self._end:
            return None
        # Exact: fewer than 28 digits, whatever a window holds.
        return WindowSum(Decimal(self._total).scaleb(-2), self._end - self._first, times[self._first])

    def give_up(self, past: int) -> None:
        """Do without the first events of the ledger."""
        if past > self._first:
            self._total -= sum(self._ledger.cents[self._first : min(past, self._end)])
        self._first, self._end = max(self._first - past, 0), max(self._end - past, 0)
