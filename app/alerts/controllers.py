"""The use cases of alerts. A single statement finds them, in a consistent snapshot; a second one, what became of them.

Alerts never change, so the second may well know of something later than the first.

A timeout here does not count as an outage of the database (`trial`): a slow read must turn no event away.
"""

from app.alerts.domain import AlertPage, AlertQuery, Cursor, NoSuchAlert, StoredAlert
from app.alerts.queries import AlertQueries
from app.alerts.revisions import as_believed
from lib.database import Database
from lib.keyset import page_of


def alerts(database: Database, query: AlertQuery) -> AlertPage:
    """Return a page of the alerts that the query selects, newest first.

    An alert that is stored meanwhile does not change the pages after its position, and none ever appears on two.
    """
    with database.transaction(trial=True) as current:
        found = AlertQueries(current).latest(query, query.limit + 1)
        page, next_before = page_of(found, query.limit, lambda alert: alert.cursor)
        if not query.shadow:
            page = as_believed(current, page)
    return AlertPage(alerts=page, next_before=next_before)


def alert(database: Database, at: Cursor, *, shadow: bool) -> StoredAlert:
    """Return the alert at a cursor; raises `NoSuchAlert`."""
    with database.transaction(trial=True) as current:
        found = AlertQueries(current).one(at, shadow=shadow)
        if found is None:
            raise NoSuchAlert(at, shadow=shadow)
        if not shadow:
            [found] = as_believed(current, [found])
    return found
