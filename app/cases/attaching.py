"""The worker's errand that attaches alerts to cases, from a remembered number of the feed on.

The feed has numbers without gaps, and the number that is remembered is written in the transaction that attaches. So
each entry is taken once, whatever crashes (A73); a case that somebody has locked delays cases, and neither feed nor
webhooks.
"""

from app.alerts.feed.queries import FeedQueries
from app.alerts.services import Meanings
from app.cases.alert_queries import AlertQueries
from app.cases.batch import Batch
from app.cases.services import Announce
from lib.database import Database
from lib.database_errors import Locked

MOST = 200  # entries of the feed in a transaction
DEADLINE = 20.0  # seconds of a transaction
LOCKS, STATEMENTS = 0.3, 15.0  # seconds to wait for a lock, and for a statement
PAUSE = 0.25  # seconds between two looks at the feed


class Attaching:
    """Attaches what the feed has numbered. If a case is locked, what comes before its player's alert goes on."""

    def __init__(self, database: Database, meanings: Meanings, announce: Announce) -> None:
        self._database, self._meanings, self._announce = database, meanings, announce
        self._most = MOST

    def run_once(self) -> bool:
        """Attach the next entries; return whether there may be more at once."""
        most = self._most
        try:
            found = self._attach_next(most)
        except Locked:
            self._most = max(1, most // 2)
            return False
        self._most = min(MOST, most * 2)
        return found == most

    def _attach_next(self, most: int) -> int:
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            queries = AlertQueries(current)
            queries.be_patient(locks=LOCKS, statements=STATEMENTS)
            head = queries.lock_head()
            entries = [] if head is None else FeedQueries(current).page(head, most)
            if not entries:
                current.rollback()
                return 0
            if heard := [each for each in entries if not each.quiet]:
                Batch(current, self._meanings, self._announce).attach(heard)
            queries.move_head(entries[-1].number)
            current.commit()
        return len(entries)
