"""The worker's errand that wakes snoozed cases, and returns monitored ones, when their time has come."""

from collections.abc import Callable
from datetime import datetime

from app.cases import steps
from app.cases.alert_queries import AlertQueries
from app.cases.batch_queries import BatchQueries
from app.cases.desk_queries import DeskQueries
from app.cases.domain import Case, Change
from app.cases.queries import CaseQueries
from lib.database import Database
from lib.transactions import Transaction

MOST = 200  # cases in a transaction
DEADLINE = 10.0  # seconds of a transaction
LOCKS, STATEMENTS = 0.3, 5.0  # seconds to wait for a lock, and for a statement
PAUSE = 1.0  # seconds between two looks


class Waking:
    """Wakes and returns cases, some in a transaction; one that somebody has locked waits for the next turn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(self) -> bool:
        """Wake and return those whose time has come; return whether there may be more at once."""
        with self._database.transaction(deadline=DEADLINE, trial=True) as current:
            AlertQueries(current).be_patient(locks=LOCKS, statements=STATEMENTS)
            DeskQueries(current).forget_absent()
            done = self._wake(current) + self._return(current)
            current.commit()
        return done >= MOST

    def _wake(self, current: Transaction) -> int:
        queries = CaseQueries(current)
        now = queries.now()
        return _change(current, queries.asleep_until(now, MOST), steps.wake, now)

    def _return(self, current: Transaction) -> int:
        queries = CaseQueries(current)
        now = queries.now()
        return _change(current, queries.monitored_until(now, MOST), steps.come_back, now)


def _change(current: Transaction, cases: list[Case], step: Callable[[Case, datetime], Change], now: datetime) -> int:
    changes = [step(case, now) for case in cases]
    BatchQueries(current).save(change.case for change in changes)
    BatchQueries(current).journal(changes, now)
    return len(changes)
