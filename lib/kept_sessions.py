"""Sessions that are kept for the next transaction instead of being returned to the pool after each one.

Borrowing one from the pool costs a dozen microseconds, and the thread releases the GIL three times on the way. Under
load another thread takes it each time, and that switch costs more than all the rest.
"""

import time

import psycopg2

from lib.postgres_pool import has_hung_up
from lib.transactions import Session

CHECK_AFTER = 1.0  # seconds without use, after which a session is checked before it is used


class KeptSessions:
    """Keeps up to `limit` sessions; the one that was used last is used next."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sessions: list[Session] = []  # append and pop are atomic
        self._discarded_at = 0.0

    def __len__(self) -> int:
        """Return how many are kept, without those in use."""
        return len(self._sessions)

    def take(self, now: float) -> Session | None:
        """Return a session that seems to work at this moment (of `time.monotonic`), or None."""
        while True:
            try:
                session = self._sessions.pop()
            except IndexError:
                return None
            if now - session.used_at < CHECK_AFTER or not has_hung_up(session.driver):
                return session
            session.discard()

    def put(self, session: Session) -> None:
        """Keep a session, or return it to the pool if there are enough; raises psycopg2's errors if it is lost."""
        if session.made_at < self._discarded_at:
            session.discard()
            return
        if len(self._sessions) >= self._limit:
            session.give_back()
            return
        session.used_at = time.monotonic()
        self._sessions.append(session)

    def recheck_all(self) -> None:
        """Make `take` check each session before its next use, because one of them was lost."""
        for session in tuple(self._sessions):
            session.used_at = 0.0

    def discard(self) -> None:
        """Close all sessions, and those in use as soon as they are put back."""
        self._discarded_at = time.monotonic()
        while self._sessions:
            self._sessions.pop().discard()

    def give_back(self) -> None:
        """Return all sessions to the pool."""
        while self._sessions:
            session = self._sessions.pop()
            try:
                session.give_back()
            except psycopg2.Error as error:
                session.discard(error)
