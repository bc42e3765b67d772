"""The worker's use case: number what the outbox has, and let others take it up in the same transaction.

A worker that dies in between has done nothing, and the next one does it again. Any number of workers may run: the row
that has the last number is locked by the one that numbers.
"""

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from app.alerts.feed.domain import Note, Numbered
from app.alerts.feed.filling import Filling
from app.alerts.feed.queries import FeedQueries
from lib.database import Database
from lib.database_errors import Unavailable
from lib.logs import get_logger
from lib.transactions import Transaction

MOST = 200  # notes in a transaction
MAX_ATTEMPTS = 3  # at a single note, before it is passed over for a while
PASSED_OVER = 600.0  # seconds until notes that were passed over are tried again
# A transaction that takes its notes' ids early may commit late. So a look begins with the ids that were the last ones
# some seconds ago, and now and then with the first.
LOOK_BACK = 5.0  # seconds
FULL_LOOK = 10.0  # seconds between two looks from the first id on
DEADLINE = 20.0  # seconds of a transaction
STATEMENT = 15.0  # seconds of each statement in it

# Takes up what was just numbered, in the same transaction; quiet entries are left out.
TakeUp = Callable[[Transaction, Sequence[Numbered]], None]

log = get_logger()


class Numbering:
    """Numbers the feed, from the notes in the outbox on.

    If a transaction fails, the next one has half as many notes, so that one that cannot be numbered stops no other.
    """

    def __init__(self, database: Database, take_up: Sequence[TakeUp] = ()) -> None:
        self._database, self._take_up = database, take_up
        self._seen: deque[tuple[float, int]] = deque()  # when a look began, and the last id by then
        self._full_look_at = self._passed_over_at = float("-inf")
        self._most, self._failures = MOST, 0
        self._passed_over: set[int] = set()
        self._is_filled = False

    def run_once(self) -> bool:
        """Number what waits; return whether there may be more at once."""
        found = self._look()
        if found >= self._most:
            return True
        return self._fill()

    def _look(self) -> int:
        """Number the notes of one look and return how many there were."""
        waiting: Sequence[Note] = ()
        now, most = monotonic(), self._most
        is_full = now - self._full_look_at > FULL_LOOK
        try:
            with self._database.transaction(deadline=DEADLINE, trial=True) as current:
                queries = FeedQueries(current)
                waiting = queries.waiting(0 if is_full else self._first(now), self._without(now), most)
                if not self._number(current, queries, waiting):
                    current.rollback()
                    waiting = ()
        except Exception as error:
            if waiting:
                self._take_smaller_steps(waiting, error)
            raise
        if waiting:
            self._seen.append((now, waiting[-1].id))
            self._most, self._failures = min(most * 2, MOST), 0
        if is_full and len(waiting) < most:
            self._full_look_at = now
            self._is_filled = False  # a command may have had it begin again
        return len(waiting)

    def _number(self, current: Transaction, queries: FeedQueries, waiting: Sequence[Note]) -> bool:
        """Number these notes; return whether that was to be done, and by this worker."""
        if not waiting or (last := queries.lock_head()) is None:
            return False
        queries.allow(STATEMENT)
        numbered = queries.number(queries.take(waiting), last)
        if told := [each for each in numbered if not each.note.quiet]:
            for take_up in self._take_up:
                take_up(current, told)
        current.commit()
        return True

    def _take_smaller_steps(self, waiting: Sequence[Note], error: Exception) -> None:
        """Take fewer notes next time; pass over a single one that has failed often enough, but not for an outage."""
        if len(waiting) > 1:
            self._most, self._failures = len(waiting) // 2, 0
            return
        self._failures += not isinstance(error, Unavailable)
        if self._failures >= MAX_ATTEMPTS:
            [note] = waiting
            place = {"user_id": note.user_id, "t": note.t, "n": note.n, "kind": note.kind.value}
            log.error("note passed over", **place, tried_again_in_s=PASSED_OVER, exc_info=error)
            self._passed_over.add(note.id)
            self._passed_over_at, self._failures = monotonic(), 0

    def _without(self, now: float) -> set[int]:
        if now - self._passed_over_at > PASSED_OVER:
            self._passed_over.clear()
        return self._passed_over

    def _first(self, now: float) -> int:
        """Return the id after which to look."""
        while len(self._seen) > 1 and now - self._seen[1][0] > LOOK_BACK:
            self._seen.popleft()
        at, last = self._seen[0] if self._seen else (now, 0)
        return last if now - at > LOOK_BACK else 0

    def _fill(self) -> bool:
        """Note a chunk of what was stored before there was an outbox; return whether there may be more."""
        if self._is_filled:
            return False
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            FeedQueries(current).allow(STATEMENT)
            filling = Filling(current)
            noted = filling.note_next()
            self._is_filled = not noted and filling.is_done()
            current.commit()
        return noted
