"""The routes of deliveries: what comes in, what goes out, no decisions."""

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.webhooks import examples, replaying
from app.webhooks.api import ENDPOINT, NO_LIMIT, NO_MEMBER, webhooks
from app.webhooks.delivery_schemas import (
    DeliveriesParameters,
    DeliveryInPath,
    DeliveryPageSchema,
    DeliverySchema,
    ReplayedSchema,
    ReplaySchema,
    render_delivery,
)
from app.webhooks.problems import PROBLEMS
from app.webhooks.requests import (
    DeliveriesQuery,
    EndpointGone,
    NoSuchDelivery,
    NoSuchEndpoint,
    ReplayQuery,
    TooMuchToReplay,
)
from app.webhooks.schemas import EndpointInPath, NothingSchema
from app.webhooks.services import WebhookServices
from lib import services
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path

__all__ = ["webhooks"]  # which has the routes of endpoints as well

DELIVERIES = "/deliveries"
NO_SINCE = InvalidMembers({"since": ["Say since when, or send dead: true."]})


@webhooks.post(f"{ENDPOINT}/replay")
@webhooks.input(ReplaySchema, arg_name="query", examples=examples.REPLAYS)
@webhooks.output(ReplayedSchema, examples=examples.REPLAYED, description="so much is due now")
@webhooks.doc(
    responses=error_responses(
        MalformedJson, NO_SINCE, NoSuchEndpoint, NotFound, TooMuchToReplay, problems=PROBLEMS, takes_body=True
    )
)
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def replay_deliveries(endpoint_id: int, query: ReplayQuery) -> Mapping[str, Any]:
    """Deliver again what an endpoint missed: its dead deliveries, or the alerts that the feed numbered in a time.

    Of the feed, the filter that the endpoint has now decides, also about alerts that it was never told of. A message
    keeps its id, so a receiver that remembers ids takes none twice. At most 10,000 at once; of the dead the oldest.
    """
    return {"due": replaying.replay(_services(), endpoint_id, query, actor_of_request())}


@webhooks.get(DELIVERIES)
@webhooks.input(DeliveriesParameters, location="query", arg_name="query")
@webhooks.output(DeliveryPageSchema, examples=examples.DELIVERIES, description="the deliveries, newest first")
@webhooks.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.WEBHOOKS_READ)
def read_deliveries(query: DeliveriesQuery) -> Mapping[str, Any]:
    """Read what was or is to be delivered, with every attempt.

    Delivered ones are kept for 7 days, dead and dropped ones for 30.
    """
    page = replaying.deliveries(_services(), query)
    return {"deliveries": [render_delivery(each) for each in page.deliveries], "next_before": page.next_before}


@webhooks.post(f"{DELIVERIES}/<int(min=1, max=9223372036854775807):delivery_id>/retry")
@webhooks.input(NothingSchema, arg_name="nothing", examples=examples.NOTHING)
@webhooks.output(DeliverySchema, examples=examples.RETRIED, description="it is due")
@webhooks.doc(
    responses=error_responses(
        MalformedJson, NO_MEMBER, NoSuchDelivery, NotFound, EndpointGone, problems=PROBLEMS, takes_body=True
    )
)
@describes_path(webhooks, DeliveryInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def retry_delivery(delivery_id: int, **_: object) -> Mapping[str, Any]:
    """Make a delivery due now, whatever became of it, with all its attempts before it."""
    return render_delivery(replaying.retry(_services(), delivery_id, actor_of_request()))


def _services() -> WebhookServices:
    return services.get(WebhookServices)
