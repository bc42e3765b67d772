"""Sessions that stay with those who use them all the time, instead of going back to the pool after each transaction.

Borrowing one costs a dozen microseconds, and three times a thread lets go of the interpreter on the way, each an
opportunity for every other thread to take it: under load that is a switch of threads, dearer than all the rest.
"""

import time

import psycopg2

from lib.postgres_pool import has_hung_up
from lib.transactions import Session

RESTED = 1.0  # seconds without use, after which a session is looked at before it is used


class KeptSessions:
    """Keeps up to `most` sessions; the one that was used last is the next to be used."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sessions: list[Session] = []  # append and pop are atomic
        self._discarded_at = 0.0

    def __len__(self) -> int:
        """Return how many there are, of which none is in use."""
        return len(self._sessions)

    def take(self, now: float) -> Session | None:
        """Return one that is fit as far as known at this moment (of `time.monotonic`), if there is one."""
        while True:
            try:
                session = self._sessions.pop()
            except IndexError:
                return None
            if now - session.used_at < RESTED or not has_hung_up(session.driver):
                return session
            session.discard()

    def put(self, session: Session) -> None:
        """Keep one, or give it back where there are enough; raises psycopg2's errors where it is lost."""
        if session.made_at < self._discarded_at:
            session.discard()
            return
        if len(self._sessions) >= self._most:
            session.give_back()
            return
        session.used_at = time.monotonic()
        self._sessions.append(session)

    def doubt(self) -> None:
        """Have each looked at before it is used again: one of them was lost."""
        for session in tuple(self._sessions):
            session.used_at = 0.0

    def discard(self) -> None:
        """Close them all, and those that are in use now as soon as they are put back."""
        self._discarded_at = time.monotonic()
        while self._sessions:
            self._sessions.pop().discard()

    def give_back(self) -> None:
        """Give them all back to the pool."""
        while self._sessions:
            session = self._sessions.pop()
            try:
                session.give_back()
            except psycopg2.Error as error:
                session.discard(error)
