"""The use cases of reading back. Each is one statement, so one moment of the database."""

from app.events.reading.domain import EventPage, PageAsked, UserActivity
from app.events.reading.queries import ReadingQueries
from lib.database import Database
from lib.keyset import page_of


def events_of(database: Database, user_id: int, asked: PageAsked) -> EventPage:
    """Return a page of a user's events, the newest first; an empty one for a user who has none (A22)."""
    with database.transaction() as current:
        found = ReadingQueries(current).latest_events(
            user_id, before=asked.before, code=asked.code, most=asked.limit + 1
        )
    events, next_before = page_of(found, asked.limit, lambda stored: stored.decision.event.t)
    return EventPage(events=events, next_before=next_before)


def activity_of(database: Database, user_id: int) -> UserActivity:
    """Return what a user has done so far; zeros for one who has done nothing, known to us or not (A22)."""
    with database.transaction() as current:
        return ReadingQueries(current).activity(user_id)
