"""The clock of the whole system, started once per process if `t` has to rise over all players (A7)."""

from threading import Lock

from app.events.queries import EventQueries
from lib.database import Database

START_TIMEOUT = 60  # seconds; starting reads every player's clock


class SystemClock:
    """Row 0 of `user_clock`. Starting sets it to the greatest stored `t`, as the setting of the order may be new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._starting = Lock()
        self._started = False

    def start(self) -> None:
        """Start it unless this process has already done so.

        Raises `Unavailable` if the database is; the next call tries again.
        """
        if not self._started:
            with self._starting:
                self._start_once()

    def _start_once(self) -> None:
        if self._started:
            return
        with self._database.transaction(deadline=START_TIMEOUT) as current:
            EventQueries(current).start_system_clock()
            current.commit()
        self._started = True
