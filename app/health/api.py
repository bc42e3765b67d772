"""The routes of health, open to all: for whoever restarts what is dead and sends traffic to what is ready."""

from apiflask import APIBlueprint

from app.access.guard import open_to_all
from app.access.problems import public_error_responses
from app.health.domain import NotReady, Unready
from app.health.problems import PROBLEMS
from app.health.schemas import LiveSchema, ReadySchema
from app.health.services import HealthServices
from lib import services

health = APIBlueprint(
    "health",
    __name__,
    tag={"name": "Health", "description": "For whoever restarts what is dead and sends traffic to what is ready."},
    url_prefix="/health",
)
LIVE = {"live": {"value": {"status": "live"}}}
READY = {"ready": {"value": {"status": "ready"}}}


@health.get("/live")
@health.output(LiveSchema, examples=LIVE, description="the process answers")
@health.doc(responses=public_error_responses(takes_body=False))
@open_to_all
def live() -> dict[str, str]:
    """Say that the process answers, whatever the database does."""
    return {"status": "live"}


@health.get("/ready")
@health.output(ReadySchema, examples=READY, description="the service can do its work")
@health.doc(responses=public_error_responses(NotReady, problems=PROBLEMS, takes_body=False))
@open_to_all
def ready() -> dict[str, str]:
    """Say whether the database can be reached, takes what events write, is at its migration, and holds good rules."""
    made = services.get(HealthServices)
    made.readiness.check()
    if error := made.rule_book_error():
        raise NotReady(Unready.RULE_BOOK_UNREADABLE, error)
    return {"status": "ready"}
