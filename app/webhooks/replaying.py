"""The use cases of deliveries: list them, have one made again, or what was missed."""

from datetime import UTC, datetime

from app.alerts.feed.domain import Numbered
from app.alerts.feed.searching import FeedSearch, TooFarApart
from app.webhooks.controllers import existing
from app.webhooks.domain import Delivery
from app.webhooks.fan_out import FanOut
from app.webhooks.history import DeliveryHistory
from app.webhooks.queries import EndpointQueries
from app.webhooks.requests import (
    MAX_LOOKED_THROUGH,
    MAX_REPLAYED,
    DeliveriesQuery,
    DeliveryPage,
    EndpointGone,
    EndpointStep,
    NoSuchDelivery,
    NoSuchEndpoint,
    ReplayQuery,
    TooMuchToReplay,
    TriedDelivery,
)
from app.webhooks.services import WebhookServices
from lib.keyset import page_of
from lib.transactions import Transaction

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def deliveries(services: WebhookServices, query: DeliveriesQuery) -> DeliveryPage:
    """Return a page of the deliveries that the query selects, newest first."""
    with services.database.transaction(trial=True) as current:
        found = DeliveryHistory(current).page(query, query.limit + 1)
    page, next_before = page_of(found, query.limit, lambda each: each.delivery.id)
    return DeliveryPage(deliveries=page, next_before=next_before)


def delivery(services: WebhookServices, delivery_id: int) -> Delivery:
    """Return a delivery; raises `NoSuchDelivery`."""
    with services.database.transaction(trial=True) as current:
        return _existing(DeliveryHistory(current), delivery_id).delivery


def retry(services: WebhookServices, delivery_id: int, who: str) -> TriedDelivery:
    """Make a delivery due now, whatever became of it, with all its attempts before it; return it.

    Raises `NoSuchDelivery`, or `EndpointGone`.
    """
    with services.database.transaction() as current:
        history = DeliveryHistory(current)
        found = _existing(history, delivery_id)
        endpoint_id = found.delivery.endpoint_id
        try:
            existing(current, endpoint_id, lock=True)
        except NoSuchEndpoint:
            raise EndpointGone(endpoint_id) from None
        history.retry(delivery_id)
        EndpointQueries(current).note(endpoint_id, EndpointStep.RETRIED, who, found.delivery.message_id)
        retried = _existing(history, delivery_id)
        current.commit()
    return retried


def replay(services: WebhookServices, endpoint_id: int, query: ReplayQuery, who: str) -> int:
    """Make deliveries to an endpoint due now: the dead ones, or those of a range of the feed; return how many.

    Of the feed, the filter that the endpoint has now decides. Raises `NoSuchEndpoint` or `TooMuchToReplay`.
    """
    with services.database.transaction() as current:
        endpoint = existing(current, endpoint_id, lock=True)
        if query.dead:
            made = DeliveryHistory(current).retry_dead(endpoint_id, query, MAX_REPLAYED)
        else:
            wanted = FanOut(services.meanings).wanted(current, [endpoint], _entries(current, query))
            made = DeliveryHistory(current).replay([*wanted])
        EndpointQueries(current).note(endpoint_id, EndpointStep.REPLAYED, who, f"{_words(query)}: {made}")
        current.commit()
    return made


def _entries(current: Transaction, query: ReplayQuery) -> list[Numbered]:
    since, until = query.since or BEGINNING, query.until or datetime.now(UTC)
    try:
        found = FeedSearch(current).between(
            since, until, query.codes, most=MAX_REPLAYED + 1, through=MAX_LOOKED_THROUGH
        )
    except TooFarApart:
        raise TooMuchToReplay from None
    if len(found) > MAX_REPLAYED:
        raise TooMuchToReplay
    return found


def _existing(history: DeliveryHistory, delivery_id: int) -> TriedDelivery:
    found = history.one(delivery_id)
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return found


def _words(query: ReplayQuery) -> str:
    words = ["dead" if query.dead else "feed"]
    words += [f"since {query.since.isoformat()}"] if query.since else []
    words += [f"until {query.until.isoformat()}"] if query.until else []
    words += [f"codes {','.join(map(str, sorted(query.codes)))}"] if query.codes else []
    return " ".join(words)
