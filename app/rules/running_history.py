"""A player's history, updated event by event: the same history that the live path reads from the database.

It has the same bounds: the last events, those within the longest listed window, and two numbers for each event within
the longest window that is only summed.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import chain, islice

from app.rules.event import MONEY_TYPES, ActivityEvent, EventRef, EventType
from app.rules.history import NO_GROUPS, Groups, History, HistoryNeeds, Window, WindowSum
from app.rules.limits import MAX_MOMENTS
from app.rules.spans import Span

ROOM = 4096  # events of a type that are kept before those outside every window are dropped


class RunningHistory:
    """The history of one player at a time, as far back as `needs` requires."""

    def __init__(self, needs: HistoryNeeds) -> None:
        latest: list[ActivityEvent] = []
        latest_of: dict[EventType, list[ActivityEvent]] = {kind: [] for kind in needs.latest_of}
        window: dict[EventType, list[ActivityEvent]] = {kind: [] for kind in needs.window}
        self._sums, self._adds_up = RunningSums(needs.sums), bool(needs.sums)
        # Built once: its parts change in place, so it costs nothing per event.
        self._history = History(
            latest=latest, latest_of=latest_of, window=window, sums=self._sums if needs.sums else {}
        )
        self._windows = {kind: (window[kind], seconds) for kind, seconds in needs.window.items()}
        # For each type, the parts that an event goes into, and how many events each part keeps.
        self._parts = {
            kind: [
                (part, most)
                for part, most in (
                    (latest if kind in MONEY_TYPES else None, needs.latest),
                    (latest_of.get(kind), needs.latest_of.get(kind)),
                )
                if part is not None and most
            ]
            for kind in EventType
        }

    def forget(self) -> None:
        """Begin with another player."""
        for part, _ in (*chain.from_iterable(self._parts.values()), *self._windows.values()):
            part.clear()
        self._sums.forget()

    def before(self, t: int, groups: Groups = NO_GROUPS) -> History:
        """Return the history of an event at `t`, not below that of any remembered event; valid until the next call.

        `groups` are those of the player at the event.
        """
        for within, seconds in self._windows.values():
            _drop_before(within, t - seconds)
        self._sums.t = t
        if groups is not self._history.groups:
            self._history = replace(self._history, groups=groups)
        return self._history

    def last_in(self, window: Window, t: int, most: int) -> list[EventRef]:
        """Return the last remembered events in a summed window that ends at `t`, newest first."""
        return self._sums.last_in(window, t, most)

    def remember(self, event: ActivityEvent) -> None:
        """Add the player's next event."""
        for part, most in self._parts[event.type]:
            part.insert(0, event)
            if len(part) > most:
                part.pop()
        if event.type in self._windows:
            within, seconds = self._windows[event.type]
            within.insert(0, event)
            _drop_before(within, event.t - seconds)  # so it stays bounded even if nobody calls `before`
        if self._adds_up:
            self._sums.remember(event)


def _drop_before(newest_first: list[ActivityEvent], t: int) -> None:
    while newest_first and newest_first[-1].t < t:
        newest_first.pop()


class RunningSums(Mapping[Window, WindowSum]):
    """The sums of the windows before `t`, each computed on access; empty windows are left out."""

    def __init__(self, windows: frozenset[Window]) -> None:
        self.t = 0
        self._ledgers = {kind: Ledger() for kind in {window.type for window in windows}}
        self._running = {window: RunningSum(self._ledgers[window.type], window.span) for window in windows}

    def __getitem__(self, window: Window) -> WindowSum:
        found = self._running[window].before(self.t)
        if found is None:
            raise KeyError(window)
        return found

    def __iter__(self) -> Iterator[Window]:
        return (window for window, running in self._running.items() if running.before(self.t))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def last_in(self, window: Window, t: int, most: int) -> list[EventRef]:
        """Return the last events in a window, newest first."""
        opens = window.span.opens(t)
        return [each.ref for each in self._ledgers[window.type].latest(most) if each.t >= opens]

    def remember(self, event: ActivityEvent) -> None:
        """Add the player's next event."""
        ledger = self._ledgers.get(event.type)
        if ledger is not None:
            ledger.add(event)

    def forget(self) -> None:
        """Begin with another player."""
        for ledger in self._ledgers.values():
            ledger.forget()


class Ledger:
    """The `t` and the cents of events of one type, two numbers each: a window of weeks may hold millions.

    Of the last ones, as many as evidence can name, it has the events themselves.
    """

    def __init__(self) -> None:
        self.times = array("q")
        self.cents = array("q")
        self._last = deque[ActivityEvent](maxlen=MAX_MOMENTS)
        self._sums: list[RunningSum] = []
        self._room = ROOM

    def serve(self, running: "RunningSum") -> None:
        """Keep the events that this sum may need."""
        self._sums.append(running)

    def add(self, event: ActivityEvent) -> None:
        """Append an event."""
        self.times.append(event.t)
        self.cents.append(int(event.amount * 100))
        self._last.append(event)
        if len(self.times) > self._room:
            self._drop_expired(event.t)

    def latest(self, most: int) -> Iterator[ActivityEvent]:
        """Return the last events, newest first, at most `MAX_MOMENTS`."""
        return islice(reversed(self._last), most)

    def forget(self) -> None:
        """Begin with another player."""
        if self.times:
            del self.times[:], self.cents[:]
            self._last.clear()
            self._room = ROOM
            for running in self._sums:
                running.forget()

    def _drop_expired(self, t: int) -> None:
        """Drop events before the longest window; the next run comes when twice as many as are left are stored."""
        past = bisect_left(self.times, min(running.span.opens(t) for running in self._sums))
        for running in self._sums:
            running.drop_first(past)
        del self.times[:past], self.cents[:past]
        self._room = max(ROOM, 2 * len(self.times))


class RunningSum:
    """The sum over one window: each event is added once when it enters and subtracted once when it leaves."""

    def __init__(self, ledger: Ledger, span: Span) -> None:
        self.span = span
        self._ledger = ledger
        self.forget()
        ledger.serve(self)

    def forget(self) -> None:
        """Begin with an empty ledger."""
        self._first = self._end = self._total = 0  # the places in the ledger between which it sums

    def before(self, t: int) -> WindowSum | None:
        """Return the sum of the window that ends at `t`; None when it is empty."""
        times, cents = self._ledger.times, self._ledger.cents
        if self._end < len(times):
            self._total += sum(cents[self._end :])
            self._end = len(times)
        opens = self.span.opens(t)
        while self._first < self._end and times[self._first] < opens:
            self._total -= cents[self._first]
            self._first += 1
        if self._first == self._end:
            return None
        # Exact: fewer than 28 digits, whatever a window holds.
        return WindowSum(Decimal(self._total).scaleb(-2), self._end - self._first, times[self._first])

    def drop_first(self, past: int) -> None:
        """Forget the first `past` events of the ledger."""
        if past > self._first:
            self._total -= sum(self._ledger.cents[self._first : min(past, self._end)])
        self._first, self._end = max(self._first - past, 0), max(self._end - past, 0)
