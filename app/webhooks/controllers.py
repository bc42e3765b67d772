"""The use cases of endpoints: create, list, change, delete them, their secrets and steps, send a test message."""

import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.webhooks.addresses import check_address
from app.webhooks.domain import MAX_ENDPOINTS, Endpoint, Filter, Format, State, Topic
from app.webhooks.history import DROPPED_AT_ONCE, DeliveryHistory
from app.webhooks.messages import Message, Outcome
from app.webhooks.outside import waiting_outside
from app.webhooks.queries import EndpointQueries
from app.webhooks.requests import (
    MAIL,
    EndpointSecret,
    EndpointStep,
    EndpointUpdate,
    NewEndpoint,
    NoSuchEndpoint,
    NotSigned,
    StepPage,
    StepsQuery,
    TooManyEndpoints,
)
from app.webhooks.services import WebhookServices
from lib.keyset import page_of
from lib.transactions import Transaction

STEP_OF = {State.ENABLED: EndpointStep.ENABLED, State.PAUSED: EndpointStep.PAUSED}
TEST_SAYS = "This is a test of the endpoint; nothing has happened."


def create(
    services: WebhookServices, new: NewEndpoint, who: str, *, once_within: timedelta | None = None
) -> EndpointSecret:
    """Create an endpoint, and return it with its secret.

    With `once_within`, whoever creates the same again within that time gets the first one. Raises `NoWebhookKey`,
    `WrongAddress` or `TooManyEndpoints`.
    """
    key = services.keys.newest
    _check_address(services, new.url, new.format)
    with services.database.transaction() as current:
        endpoints = EndpointQueries(current)
        endpoints.lock_creation()
        if once_within and (made := endpoints.made_lately(new, who, once_within)):
            return _with_secret(services, made)
        if endpoints.count() >= MAX_ENDPOINTS:
            raise TooManyEndpoints
        endpoint = endpoints.add(new, key=key, made_by=who)
        endpoints.note(endpoint.id, EndpointStep.CREATED, who, f"{new.name}, {new.format.value}, {_host(new.url)}")
        current.commit()
    return _with_secret(services, endpoint)


def endpoints(services: WebhookServices) -> list[Endpoint]:
    """Return all endpoints, by id."""
    with services.database.transaction(trial=True) as current:
        return EndpointQueries(current).listening()


def endpoint(services: WebhookServices, endpoint_id: int) -> Endpoint:
    """Return an endpoint; raises `NoSuchEndpoint`."""
    with services.database.transaction(trial=True) as current:
        return existing(current, endpoint_id)


def steps(services: WebhookServices, endpoint_id: int, query: StepsQuery) -> StepPage:
    """Return a page of the steps that were taken with an endpoint, also with a deleted one, newest first.

    Raises `NoSuchEndpoint`.
    """
    with services.database.transaction(trial=True) as current:
        endpoints = EndpointQueries(current)
        if not endpoints.existed(endpoint_id):
            raise NoSuchEndpoint(endpoint_id)
        found = endpoints.steps(endpoint_id, query, query.limit + 1)
    page, next_before = page_of(found, query.limit, lambda each: each.id)
    return StepPage(steps=page, next_before=next_before)


def secret(services: WebhookServices, endpoint_id: int) -> str:
    """Return the present secret of an endpoint; raises `NoSuchEndpoint`, `NotSigned` or `NoWebhookKey`."""
    found = endpoint(services, endpoint_id)
    return _secret(services, found) or _refuse_unsigned(found)


def change(services: WebhookServices, endpoint_id: int, update: EndpointUpdate, who: str) -> Endpoint:
    """Change an endpoint, and return it; what is so already makes no step.

    Raises `NoSuchEndpoint` or `WrongAddress`.
    """
    if update.url is not None:
        form = endpoint(services, endpoint_id).format  # which never changes
        _check_address(services, update.url, form)
    with services.database.transaction() as current:
        before = existing(current, endpoint_id, lock=True)
        after = update.of(before)
        if after == before:
            return before
        found = EndpointQueries(current)
        found.change(after)
        if note := _differences(before, after):
            found.note(endpoint_id, EndpointStep.CHANGED, who, note)
        if after.state is not before.state:
            found.note(endpoint_id, STEP_OF[after.state], who, _former_state(before))
        current.commit()
    return after


def delete(services: WebhookServices, endpoint_id: int, who: str) -> None:
    """Delete an endpoint, and drop what is due to it; raises `NoSuchEndpoint`."""
    with services.database.transaction() as current:
        found = existing(current, endpoint_id, lock=True)
        EndpointQueries(current).delete(found)
        EndpointQueries(current).note(endpoint_id, EndpointStep.DELETED, who)
        current.commit()
    # In steps, since a queue may be long. Nobody delivers it any more, whatever becomes of this.
    while True:
        with services.database.transaction() as current:
            EndpointQueries(current).lock(endpoint_id)
            dropped = DeliveryHistory(current).drop_due(endpoint_id)
            current.commit()
        if dropped < DROPPED_AT_ONCE:
            return


def rotate(services: WebhookServices, endpoint_id: int, who: str, *, seen: int | None = None) -> EndpointSecret:
    """Replace the secret of an endpoint; the one before signs as well for a day.

    `seen` is the version of the secret that is to be replaced; if it was replaced already, nothing changes, since two
    rotations in a row would end the first secret at once. Raises `NoSuchEndpoint`, `NotSigned` or `NoWebhookKey`.
    """
    key = services.keys.newest
    with services.database.transaction() as current:
        found = existing(current, endpoint_id, lock=True)
        if found.format is not Format.STANDARD:
            _refuse_unsigned(found)
        if seen is not None and seen != found.secret_version:
            return _with_secret(services, found)
        rotated = EndpointQueries(current).rotate(found, key=key)
        EndpointQueries(current).note(endpoint_id, EndpointStep.ROTATED, who, f"version {rotated.secret_version}")
        current.commit()
    return _with_secret(services, rotated)


def send_test(services: WebhookServices, endpoint_id: int) -> Outcome:
    """Send a test message to an endpoint, whatever its state, and return how that ended.

    Raises `NoSuchEndpoint`.
    """
    found = endpoint(services, endpoint_id)
    message = Message(
        id=f"test_{endpoint_id}_{secrets.token_hex(8)}",
        topic=Topic.TEST,
        at=datetime.now(UTC),
        data={"endpoint_id": endpoint_id, "name": found.name, "text": TEST_SAYS},
    )
    with waiting_outside():
        return services.send_now(found, [message])


def existing(current: Transaction, endpoint_id: int, *, lock: bool = False) -> Endpoint:
    """Return an endpoint within a transaction; raises `NoSuchEndpoint`."""
    found = EndpointQueries(current).one(endpoint_id, lock=lock)
    if found is None:
        raise NoSuchEndpoint(endpoint_id)
    return found


def _check_address(services: WebhookServices, url: str, form: Format) -> None:
    with waiting_outside():
        check_address(url, form, services.allowed, can_mail=services.can_mail)


def _with_secret(services: WebhookServices, found: Endpoint) -> EndpointSecret:
    return EndpointSecret(endpoint=found, secret=_secret(services, found))


def _secret(services: WebhookServices, found: Endpoint) -> str | None:
    if found.format is not Format.STANDARD:
        return None
    return services.keys.secret(found.id, found.key, found.secret_version)


def _refuse_unsigned(found: Endpoint) -> str:
    raise NotSigned(found.id, found.format)


def _differences(before: Endpoint, after: Endpoint) -> str:
    """Return in words what changed; of an address only its host, because the rest may be a secret."""
    words = [
        (f"name {before.name} to {after.name}", before.name != after.name),
        (f"address {_host(before.url)} to {_host(after.url)}", before.url != after.url),
        (f"per_second {before.per_second} to {after.per_second}", before.per_second != after.per_second),
        (f"filter {_words(before.filter)} to {_words(after.filter)}", before.filter != after.filter),
    ]
    return "; ".join(text for text, is_changed in words if is_changed)


def _former_state(before: Endpoint) -> str:
    return f"was {before.state.value}" + (f": {before.reason}" if before.reason else "")


def _words(chosen: Filter) -> str:
    parts = (
        ",".join(chosen.topics),
        ",".join(map(str, chosen.codes)),
        chosen.strength or "",
        ",".join(chosen.groups),
        "only fresh" if chosen.only_fresh else "",
    )
    return " ".join(filter(None, parts)) or "all"


def _host(url: str) -> str:
    return url if url.startswith(MAIL) else urlsplit(url).hostname or ""
