"""The route of the feed: what comes in, what goes out, no decisions."""

from collections.abc import Mapping
from typing import Any

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.alerts.api import NO_LIMIT, alerts
from app.alerts.domain import NotYetNumbered
from app.alerts.feed import controllers
from app.alerts.feed.examples import FEED
from app.alerts.feed.schemas import FeedPageSchema, FeedParameters, render_page
from app.alerts.problems import PROBLEMS
from app.alerts.services import AlertServices
from lib import services


@alerts.get("/feed")
@alerts.input(FeedParameters, location="query", arg_name="parameters")
@alerts.output(FeedPageSchema, examples=FEED, description="what follows; perhaps nothing yet")
@alerts.doc(responses=error_responses(NO_LIMIT, NotYetNumbered, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.ALERTS_READ)
def read_feed(parameters: dict[str, Any]) -> Mapping[str, Any]:
    """Read what was raised, found late or retracted, in the order in which it was numbered.

    Ask again with the `next_after` of the last answer, for instance once a second: whoever remembers this one number
    gets each entry once, also of events that come late. A worker numbers them within a second; while none runs, the
    feed waits and loses nothing.
    """
    return render_page(controllers.feed(services.get(AlertServices), **parameters))
