"""The use cases of looking at alerts: a list over all customers, and one of them with what proves it."""

from app.alerts import controllers
from app.alerts.domain import AlertPage, AlertQuery, Cursor, StoredAlert
from app.customers.services import CustomerServices
from app.customers.viewing import note_view
from app.rulebook.domain import Edition
from app.rulebook.queries import RuleBookQueries
from app.rules.rule import Rule
from app.staff.permissions import Actor, Permission


def alerts(services: CustomerServices, actor: Actor, query: AlertQuery) -> AlertPage:
    """Return a page of the alerts that the query selects, newest first."""
    actor.require(Permission.CASES_READ)
    return controllers.alerts(services.alerts, query)


def alert(services: CustomerServices, actor: Actor, at: Cursor, *, shadow: bool) -> tuple[StoredAlert, Rule | None]:
    """Return an alert, and its rule as its edition has it, None if that cannot be read; raises `NoSuchAlert`.

    Whoever looks at an alert has looked at its customer (A79).
    """
    actor.require(Permission.CUSTOMERS_READ)
    found = controllers.alert(services.alerts, at, shadow=shadow)
    with services.database.transaction(trial=True) as current:
        note_view(current, actor, at.user_id)
        editions = RuleBookQueries(current).some([found.edition])
        current.commit()
    rules = [rule for each in editions if isinstance(each, Edition) for rule in each.rules if rule.code == at.code]
    return found, next(iter(rules), None)
