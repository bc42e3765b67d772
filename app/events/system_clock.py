"""The clock of the whole system, which is started once a process where `t` has to rise over all players (A7)."""

from threading import Lock

from app.events.queries import EventQueries
from lib.database import Database

LONGEST_START = 60  # seconds; it looks at every player's clock


class SystemClock:
    """Row 0 of `user_clock`; its start brings it to the greatest `t` stored, since the order may be a new setting."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._starting = Lock()
        self._started = False

    def start(self) -> None:
        """Start it unless this process has done so.

        Raises `Unavailable` where the database is not available; the next call tries again.
        """
        if not self._started:
            with self._starting:
                self._start_once()

    def _start_once(self) -> None:
        if self._started:
            return
        with self._database.transaction(deadline=LONGEST_START) as current:
            EventQueries(current).start_system_clock()
            current.commit()
        self._started = True
