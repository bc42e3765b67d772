"""The use cases of alerts. Each is one statement, so one moment of the database.

None says anything of the database when it takes too long (`trial`): a slow read must turn no event away.
"""

from app.alerts.domain import AlertPage, AlertsAsked, NoSuchAlert, Place, StoredAlert
from app.alerts.queries import AlertQueries
from lib.database import Database
from lib.keyset import page_of


def alerts(database: Database, asked: AlertsAsked) -> AlertPage:
    """Return a page of the alerts that were asked for, the newest first.

    One that is stored meanwhile changes nothing of the pages after its place, and none is ever on two of them.
    """
    with database.transaction(trial=True) as current:
        found = AlertQueries(current).latest(asked, asked.limit + 1)
    page, next_before = page_of(found, asked.limit, lambda alert: alert.place)
    return AlertPage(alerts=page, next_before=next_before)


def alert(database: Database, at: Place, *, shadow: bool) -> StoredAlert:
    """Return the alert at a place; raises `NoSuchAlert`."""
    with database.transaction(trial=True) as current:
        found = AlertQueries(current).one(at, shadow=shadow)
    if found is None:
        raise NoSuchAlert(at, shadow=shadow)
    return found
