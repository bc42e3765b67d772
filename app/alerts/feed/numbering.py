"""The worker's use case: number what the outbox has, and let others take it up in the same transaction.

A worker that dies in between has done nothing, and the next one does it again. Any number of workers may run: the row
that has the last number is locked by the one that numbers.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence

from app.alerts.feed.domain import Numbered
from app.alerts.feed.filling import Filling
from app.alerts.feed.queries import FeedQueries
from lib.database import Database
from lib.transactions import Transaction

MOST = 500  # notes in a transaction
# A transaction that takes its notes' ids early may commit late. So a look begins with the ids that were the last ones
# some seconds ago, and now and then with the first.
LOOK_BACK = 5.0  # seconds
FULL_LOOK = 10.0  # seconds between two looks from the first id on
DEADLINE = 10.0  # seconds of a transaction

# Takes up what was just numbered, in the same transaction; quiet entries are left out.
TakeUp = Callable[[Transaction, Sequence[Numbered]], None]


class Numbering:
    """Numbers the feed, from the notes in the outbox on."""

    def __init__(self, database: Database, take_up: Sequence[TakeUp] = ()) -> None:
        self._database, self._take_up = database, take_up
        self._seen: deque[tuple[float, int]] = deque()  # when a look ended, and the last id by then
        self._full_look_at = float("-inf")
        self._is_filled = False

    def run_once(self) -> bool:
        """Number what waits; return whether there may be more at once."""
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            found = self._number(current)
            if found is None:  # nothing waits
                current.rollback()
                return self._fill()
        return found >= MOST or (found > 0 and not self._is_filled)

    def _number(self, current: Transaction) -> int | None:
        """Number the notes of one look and return how many there were; None without any."""
        queries, now = FeedQueries(current), time.monotonic()
        waiting = queries.waiting(self._first(now), MOST)
        if not waiting:
            return None
        last = queries.lock_head()
        if last is None:  # another worker numbers them
            current.rollback()
            return 0
        numbered = queries.number(queries.take(waiting), last)
        if told := [each for each in numbered if not each.note.quiet]:
            for take_up in self._take_up:
                take_up(current, told)
        current.commit()
        self._seen.append((now, waiting[-1].id))
        return len(waiting)

    def _first(self, now: float) -> int:
        """Return the id after which to look."""
        if now - self._full_look_at > FULL_LOOK:
            self._full_look_at = now
            return 0
        while len(self._seen) > 1 and now - self._seen[1][0] > LOOK_BACK:
            self._seen.popleft()
        at, last = self._seen[0] if self._seen else (now, 0)
        return last if now - at > LOOK_BACK else 0

    def _fill(self) -> bool:
        """Note a chunk of what was stored before there was an outbox; return whether there may be more."""
        if self._is_filled:
            return False
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            filling = Filling(current)
            noted = filling.note_next()
            self._is_filled = not noted and filling.is_done()
            current.commit()
        return noted
