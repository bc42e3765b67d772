"""The use cases of webhooks for people: those of the routes, for those whose roles allow it (A85).

Where a secret is shown, or messages about players are sent to another address, a person proves again who they are.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.staff.permissions import Actor, Permission
from app.webhooks import controllers, replaying
from app.webhooks.domain import Delivery, DeliveryState, Endpoint
from app.webhooks.messages import Outcome
from app.webhooks.requests import (
    DeliveriesQuery,
    DeliveryPage,
    EndpointSecret,
    EndpointUpdate,
    NewEndpoint,
    NoSuchDelivery,
    ReplayQuery,
    StepPage,
    StepsQuery,
)
from app.webhooks.services import WebhookServices

DOUBLE_CLICK = timedelta(minutes=1)  # within which the same person makes the same endpoint only once
STEPS_SHOWN, DELIVERIES_SHOWN = 20, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPage:
    """An endpoint with its last steps and a page of what was delivered to it, each newest first."""

    endpoint: Endpoint
    steps: StepPage
    deliveries: DeliveryPage


def endpoints(services: WebhookServices, actor: Actor) -> list[Endpoint]:
    """Return all endpoints; raises `NotPermitted`."""
    actor.require(Permission.WEBHOOKS_WRITE)
    return controllers.endpoints(services)


def endpoint(
    services: WebhookServices,
    actor: Actor,
    endpoint_id: int,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
) -> EndpointPage:
    """Return an endpoint with its deliveries in a state, those with ids below `before`.

    Raises `NoSuchEndpoint` or `NotPermitted`.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    query = DeliveriesQuery(limit=DELIVERIES_SHOWN, endpoint=endpoint_id, state=state, before=before)
    return EndpointPage(
        endpoint=controllers.endpoint(services, endpoint_id),
        steps=controllers.steps(services, endpoint_id, StepsQuery(limit=STEPS_SHOWN)),
        deliveries=replaying.deliveries(services, query),
    )


def create(services: WebhookServices, actor: Actor, new: NewEndpoint) -> EndpointSecret:
    """Create an endpoint, and return it with its secret.

    Raises `NoWebhookKey`, `WrongAddress`, `TooManyEndpoints`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.WEBHOOKS_WRITE)
    return controllers.create(services, new, actor.name, once_within=DOUBLE_CLICK)


def change(services: WebhookServices, actor: Actor, endpoint_id: int, update: EndpointUpdate) -> Endpoint:
    """Change, pause or enable an endpoint.

    Raises `NoSuchEndpoint`, `WrongAddress`, `NotPermitted`, or `NotConfirmed` for another address.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    if update.url is not None:
        actor.require_confirmed(Permission.WEBHOOKS_WRITE)
    return controllers.change(services, endpoint_id, update, actor.name)


def delete(services: WebhookServices, actor: Actor, endpoint_id: int) -> None:
    """Delete an endpoint, and drop what is due to it; raises `NoSuchEndpoint`, `NotPermitted` or `NotConfirmed`."""
    actor.require_confirmed(Permission.WEBHOOKS_WRITE)
    controllers.delete(services, endpoint_id, actor.name)


def rotate(services: WebhookServices, actor: Actor, endpoint_id: int, *, seen: int | None) -> EndpointSecret:
    """Replace the secret of an endpoint that a person has seen in this version, and return it.

    Raises `NoSuchEndpoint`, `NotSigned`, `NoWebhookKey`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.WEBHOOKS_WRITE)
    return controllers.rotate(services, endpoint_id, actor.name, seen=seen)


def send_test(services: WebhookServices, actor: Actor, endpoint_id: int) -> Outcome:
    """Send a test message, and return how that ended; raises `NoSuchEndpoint` or `NotPermitted`."""
    actor.require(Permission.WEBHOOKS_WRITE)
    return controllers.send_test(services, endpoint_id)


def retry(services: WebhookServices, actor: Actor, endpoint_id: int, delivery_id: int) -> Delivery:
    """Make a delivery of this endpoint due now; raises `NoSuchDelivery`, `EndpointGone` or `NotPermitted`."""
    actor.require(Permission.WEBHOOKS_WRITE)
    if replaying.delivery(services, delivery_id).endpoint_id != endpoint_id:
        raise NoSuchDelivery(delivery_id)
    return replaying.retry(services, delivery_id, actor.name).delivery


def replay(services: WebhookServices, actor: Actor, endpoint_id: int, query: ReplayQuery) -> int:
    """Make what an endpoint missed due now; return how many messages.

    Raises `NoSuchEndpoint`, `TooMuchToReplay` or `NotPermitted`.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    return replaying.replay(services, endpoint_id, query, actor.name)
