"""The health routes, which need no key: for supervisors and load balancers."""

from apiflask import APIBlueprint

from app.access.guard import public
from app.access.problems import public_error_responses
from app.health.domain import NotReady, Unready
from app.health.problems import PROBLEMS
from app.health.schemas import LiveSchema, ReadySchema
from app.health.services import HealthServices
from lib import services

health = APIBlueprint(
    "health",
    __name__,
    tag={
        "name": "Health",
        "description": "For supervisors and load balancers: alive, and ready for traffic.",
    },
    url_prefix="/health",
)
LIVE = {"live": {"value": {"status": "live"}}}
READY = {"ready": {"value": {"status": "ready"}}}


@health.get("/live")
@health.output(LiveSchema, examples=LIVE, description="the process answers")
@health.doc(responses=public_error_responses(takes_body=False))
@public
def live() -> dict[str, str]:
    """Report that the process answers, whatever the state of the database."""
    return {"status": "live"}


@health.get("/ready")
@health.output(ReadySchema, examples=READY, description="the service is ready")
@health.doc(responses=public_error_responses(NotReady, problems=PROBLEMS, takes_body=False))
@public
def ready() -> dict[str, str]:
    """Report whether the database can be reached, accepts writes, has the right migration, and holds valid rules."""
    needed = services.get(HealthServices)
    needed.readiness.check()
    if error := needed.rule_book_error():
        raise NotReady(Unready.RULE_BOOK_UNREADABLE, error)
    return {"status": "ready"}
