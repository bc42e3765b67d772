"""The use cases of alerts. A single statement finds them, in a consistent snapshot; a second one, what became of them.

Alerts never change, so the second may well know of something later than the first.

A timeout here does not count as an outage of the database (`trial`): a slow read must turn no event away.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.alerts.domain import AlertPage, AlertQuery, Cursor, NoSuchAlert, StoredAlert
from app.alerts.queries import AlertQueries
from app.alerts.revisions import as_believed
from app.alerts.services import AlertServices
from app.rules.meaning import UNKNOWN
from lib.keyset import page_of
from lib.transactions import Transaction


def alerts(services: AlertServices, query: AlertQuery) -> AlertPage:
    """Return a page of the alerts that the query selects, newest first.

    An alert that is stored meanwhile does not change the pages after its position, and none ever appears on two.
    """
    with services.database.transaction(trial=True) as current:
        found = AlertQueries(current).latest(query, query.limit + 1)
        page, next_before = page_of(found, query.limit, lambda alert: alert.cursor)
        if not query.shadow:
            page = as_believed(current, page)
        page = _with_meanings(services, current, page)
    return AlertPage(alerts=page, next_before=next_before)


def alert(services: AlertServices, at: Cursor, *, shadow: bool) -> StoredAlert:
    """Return the alert at a cursor; raises `NoSuchAlert`."""
    with services.database.transaction(trial=True) as current:
        found = AlertQueries(current).one(at, shadow=shadow)
        if found is None:
            raise NoSuchAlert(at, shadow=shadow)
        if not shadow:
            [found] = as_believed(current, [found])
        [found] = _with_meanings(services, current, [found])
    return found


def _with_meanings(
    services: AlertServices, current: Transaction, alerts_found: Sequence[StoredAlert]
) -> list[StoredAlert]:
    meanings = services.meanings(current, {each.edition for each in alerts_found})
    return [replace(each, meaning=meanings.get(each.edition, {}).get(each.code, UNKNOWN)) for each in alerts_found]
