"""The use cases of reading back. A single statement produces each answer about events: it is a consistent snapshot.

Corrections never change, so what changed with them is asked for in a second one.

A timeout here does not count as an outage of the database (`trial`): a slow read must turn no event away.
"""

from collections import defaultdict
from collections.abc import Iterable

from app.events.reading.activity_queries import ActivityQueries
from app.events.reading.domain import (
    CorrectionPage,
    CorrectionsQuery,
    EventPage,
    Moment,
    NoSuchEvent,
    PageQuery,
    StillAddingUp,
    StoredDecision,
    UserActivity,
)
from app.events.reading.queries import ReadingQueries
from app.events.revising.correction_queries import CorrectionQueries
from app.events.revising.domain import MAX_CHANGED, ChangedCodes, Corrected, RecordedCorrection
from app.rules.limits import BIGINT_MAX
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
        if found is None:  # an event that was corrected and does not stand was reversed
            last = CorrectionQueries(current).last_correction(user_id, at)
            raise NoSuchEvent(user_id, at, last.seq if last else None)
    return found


def activity_of(database: Database, user_id: int) -> UserActivity:
    """Return what a player has done so far; zeros for one without events, known to us or not (A22).

    Raises `StillAddingUp` while too many events are not counted yet; what this call added up is stored (A38).
    """
    for _ in range(MAX_STEPS):
        with database.transaction(trial=True) as current:
            reading = ActivityQueries(current)
            if activity := reading.activity(user_id):
                return activity
            reading.add_up_more(user_id)
            current.commit()
    raise StillAddingUp(user_id)


def corrections_of(database: Database, user_id: int, query: CorrectionsQuery) -> CorrectionPage:
    """Return a page of a player's corrections, newest first; an empty one for a player without any.

    With the corrections of a page, the codes of at most `MAX_CHANGED` events changed: a page ends before a correction
    that would exceed that. A single one has only the first of them.
    """
    with database.transaction(trial=True) as current:
        before = BIGINT_MAX if query.before is None else query.before
        queries = CorrectionQueries(current)
        found = queries.corrections(user_id, before=before, limit=query.limit + 1)
        page, next_before = page_of(found, query.limit, lambda correction: correction.seq)
        changed = queries.changed_by(user_id, [each.seq for each in page], MAX_CHANGED + 1)
    if len(changed) > MAX_CHANGED:
        beyond, _ = changed.pop()
        page, whole = [each for each in page if each.seq > beyond] or page[:1], page
        next_before = page[-1].seq if len(page) < len(whole) else next_before
    return CorrectionPage(corrections=_with_changes(page, changed), next_before=next_before)


def _with_changes(
    corrections: Iterable[RecordedCorrection], changed: Iterable[tuple[int, ChangedCodes]]
) -> list[Corrected]:
    revised = defaultdict(list)
    for cause, codes in changed:
        revised[cause].append(codes)
    return [Corrected(correction=each, revised=revised[each.seq]) for each in corrections]
