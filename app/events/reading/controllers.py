"""The use cases of reading back. A single statement produces each answer, so it is a consistent snapshot.

A timeout here does not count as an outage of the database (`trial`): a slow read must turn no event away.
"""

from app.events.reading.domain import (
    EventPage,
    Moment,
    NoSuchEvent,
    PageQuery,
    StillAddingUp,
    StoredDecision,
    UserActivity,
)
from app.events.reading.queries import ReadingQueries
from lib.database import Database
from lib.keyset import page_of

MAX_STEPS = 25  # of adding up, for one request


def events_of(database: Database, user_id: int, query: PageQuery) -> EventPage:
    """Return a page of a player's events, newest first; an empty one for a player who has none (A22).

    With a code, a page may have fewer events than `limit` although more exist: a player may have more distinct answers
    than the index can be searched for (A38).
    """
    with database.transaction(trial=True) as current:
        found, ended_at = ReadingQueries(current).latest_events(
            user_id, before=query.before, code=query.code, most=query.limit + 1
        )
    events, next_before = page_of(found, query.limit, lambda stored: stored.moment)
    return EventPage(events=events, next_before=next_before if ended_at is None else ended_at)


def event_of(database: Database, user_id: int, at: Moment | str) -> StoredDecision:
    """Return an event by its moment or by its `event_id`; raises `NoSuchEvent`."""
    with database.transaction(trial=True) as current:
        found = ReadingQueries(current).one(user_id, at)
    if found is None:
        raise NoSuchEvent(user_id, at)
    return found


def activity_of(database: Database, user_id: int) -> UserActivity:
    """Return what a player has done so far; zeros for one without events, known to us or not (A22).

    Raises `StillAddingUp` while too many events are not counted yet; what this call added up is stored (A38).
    """
    for _ in range(MAX_STEPS):
        with database.transaction(trial=True) as current:
            reading = ReadingQueries(current)
            if activity := reading.activity(user_id):
                return activity
            reading.add_up_more(user_id)
            current.commit()
    raise StillAddingUp(user_id)
