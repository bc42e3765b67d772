"""The use cases of reading back. Each answer is that of one statement, so of one moment of the database.

None says anything of the database when it takes too long (`trial`): a slow read must turn no event away.
"""

from app.events.reading.domain import EventPage, PageAsked, StillAddingUp, UserActivity
from app.events.reading.queries import ReadingQueries
from lib.database import Database
from lib.keyset import page_of

MOST_STEPS = 25  # of adding up, for one request


def events_of(database: Database, user_id: int, asked: PageAsked) -> EventPage:
    """Return a page of a user's events, the newest first; an empty one for a user who has none (A22).

    One of a code may have fewer events than were asked for although there are more, where the user's answers differ so
    much that no index finds them (A38).
    """
    with database.transaction(trial=True) as current:
        found, ended_at = ReadingQueries(current).latest_events(
            user_id, before=asked.before, code=asked.code, most=asked.limit + 1
        )
    events, next_before = page_of(found, asked.limit, lambda stored: stored.decision.event.t)
    return EventPage(events=events, next_before=next_before if ended_at is None else ended_at)


def activity_of(database: Database, user_id: int) -> UserActivity:
    """Return what a user has done so far; zeros for one who has done nothing, known to us or not (A22).

    Raises `StillAddingUp` where too many events are not counted yet; what was added up meanwhile is kept (A38).
    """
    for _ in range(MOST_STEPS):
        with database.transaction(trial=True) as current:
            reading = ReadingQueries(current)
            if activity := reading.activity(user_id):
                return activity
            reading.add_up_more(user_id)
            current.commit()
    raise StillAddingUp(user_id)
