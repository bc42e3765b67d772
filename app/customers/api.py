"""The route for a player's totals: what comes in, what goes out, no decisions."""

from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.customers import reading
from app.customers.domain import PlayerTotals
from app.customers.ranges import Range
from app.customers.schemas import PlayerTotalsSchema
from app.customers.services import CustomerServices
from app.events.reading.schemas import UserInPath
from app.staff.permissions import Actor, Permission
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path
from lib.query_parameters import NoParameters

totals = APIBlueprint(
    "totals", __name__, tag={"name": "Totals", "description": "What a player did lately."}, url_prefix="/users"
)

DONE: dict[str, Any] = {
    "deposits": {"count": 1, "total": "42.00"},
    "withdrawals": {"count": 1, "total": "150.00"},
    "withdraw_cancelled": {"count": 0, "total": "0.00"},
    "deposit_failed": {"count": 0, "total": "0.00"},
    "net_deposit": "-108.00",
    "whole": True,
}
TOTALS = {"user_id": 1, "until": 20, "totals": [{"within": within.value, **DONE} for within in Range]}
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})


@totals.get("/<int(min=1, max=9223372036854775807):user_id>/totals")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@totals.input(NoParameters, location="query")
@totals.output(
    PlayerTotalsSchema,
    examples={"totals": {"value": TOTALS}},
    description="the totals; zeros for a player without events",
)
@totals.doc(responses=error_responses(NO_PARAMETER, NotFound, takes_body=False))
@describes_path(totals, UserInPath)
@require_scope(Scope.EVENTS_READ)
def read_totals(user_id: int, **_: object) -> PlayerTotals:
    """Read what a player did in the last 24 hours, 7 and 30 days, and in all."""
    actor = Actor(name=actor_of_request(), permissions=frozenset({Permission.CUSTOMERS_READ}))
    return reading.totals(services.get(CustomerServices), actor, user_id)
