"""The routes for alerts: what comes in, what goes out, no decisions."""

from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.alerts import controllers
from app.alerts.domain import AlertPage, AlertQuery, Cursor, NoSuchAlert, StoredAlert
from app.alerts.examples import ALERTS, AN_ALERT
from app.alerts.problems import PROBLEMS
from app.alerts.schemas import AlertInPath, AlertPageSchema, AlertParameters, AlertSchema, AlertsParameters
from app.alerts.services import AlertServices
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path

alerts = APIBlueprint(
    "alerts",
    __name__,
    tag={"name": "Alerts", "description": "Every code that was raised, with its evidence."},
    url_prefix="/alerts",
)

BIGINT, INTEGER = "max=9223372036854775807", "max=2147483647"  # of PostgreSQL
ONE = f"/<int(min=1, {BIGINT}):user_id>/<int({BIGINT}):t>/<int(min=1, {INTEGER}):code>"
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_TRUTH = InvalidMembers({"shadow": ["Must be true or false."]})


@alerts.get(ONE)  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@alerts.input(AlertParameters, location="query", arg_name="parameters")
@alerts.output(AlertSchema, examples=AN_ALERT, description="the alert, with its evidence")
@alerts.doc(responses=error_responses(NO_TRUTH, NoSuchAlert, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(alerts, AlertInPath)
@require_scope(Scope.ALERTS_READ)
def read_alert(user_id: int, t: int, code: int, parameters: dict[str, Any]) -> StoredAlert:
    """Read why a rule was met at an event; `n` says at which one, where several share the second."""
    at = Cursor(t, user_id, parameters["n"], code)
    return controllers.alert(services.get(AlertServices), at, shadow=parameters["shadow"])


@alerts.get("")  # type: ignore[type-var]  # as above
@alerts.input(AlertsParameters, location="query", arg_name="query")
@alerts.output(AlertPageSchema, examples=ALERTS, description="the alerts, newest first; perhaps none")
@alerts.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.ALERTS_READ)
def read_alerts(query: AlertQuery) -> AlertPage:
    """Read the alerts that were raised, page by page, with their evidence.

    Newest first refers to the events' own `t`. An alert that is stored while you read does not shift the pages.
    """
    return controllers.alerts(services.get(AlertServices), query)
