"""Admin: endpoints of webhooks: the list, making one, and its page."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import BadRequest

from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, made, session
from app.console.errors import sentence
from app.console.forms import OF_THE_WHOLE, Form
from app.console.pages import endpoint_forms as words
from app.console.pages.admin import (
    ADMIN,
    admin_page,
    code_errors,
    confirmed_actor,
    errors_of,
    number_in,
    shown_again,
    typed_members,
)
from app.console.rendering import NavItem
from app.staff.domain import SignInDelayed, WrongCode
from app.staff.permissions import NotConfirmed, Permission
from app.webhooks import people
from app.webhooks.addresses import WrongAddress
from app.webhooks.domain import DeliveryState, Endpoint, Filter
from app.webhooks.requests import MAIL, EndpointSecret, NewEndpoint, TooManyEndpoints
from app.webhooks.secrets import NoWebhookKey

WEBHOOKS = f"{ADMIN}/webhooks"
STEPS = ("change", "state", "test", "rotate", "replay", "delete")
KEEP = (
    "With it the receiver verifies that a message comes from here, as Standard Webhooks says. Send a test message when "
    "the receiver has it."
)


@console.get(WEBHOOKS)
def show_endpoints() -> Response:
    """List all endpoints."""
    found = people.endpoints(made().webhooks, session().actor)
    return admin_page("console/endpoints.html.j2", endpoints=found, words=words, place=place, told_of=told_of)


def place(endpoint: Endpoint) -> str:
    """Return where an endpoint is: of an address only the host, because the rest may be a secret."""
    if endpoint.url.startswith(MAIL):
        return endpoint.url.removeprefix(MAIL)
    return urlsplit(endpoint.url).netloc.rpartition("@")[2]


def told_of(chosen: Filter) -> str:
    """Return in words what an endpoint is told of."""
    parts = (
        ", ".join(words.TOPIC_WORDS.get(topic, topic.value) for topic in chosen.topics),
        f"codes {', '.join(map(str, chosen.codes))}" if chosen.codes else "",
        f"only {chosen.strength.value}" if chosen.strength else "",
        f"groups {', '.join(chosen.groups)}" if chosen.groups else "",
        "no repetitions" if chosen.only_fresh else "",
    )
    return "; ".join(filter(None, parts)) or "everything"


@console.get(f"{WEBHOOKS}/new")
def show_new_endpoint() -> Response:
    """Show the form that makes an endpoint."""
    session().actor.require(Permission.WEBHOOKS_WRITE)
    return new_endpoint_page(new_form(f"{WEBHOOKS}/new"))


def new_endpoint_page(shown: Form, *, status: int = 200) -> Response:
    """Return the page on which an endpoint is made."""
    return admin_page("console/new_endpoint.html.j2", status=status, form=shown, words=words)


@console.post(f"{WEBHOOKS}/new")
def make_endpoint() -> Response:
    """Make an endpoint, and show its secret, this one time."""
    session().actor.require(Permission.WEBHOOKS_WRITE)
    kept = new_form(f"{WEBHOOKS}/new", values=form())
    try:
        given = words.NewForm().load(typed_members(form(), "topics"))
        new = NewEndpoint(
            name=given["name"],
            url=given["url"],
            format=given["format"],
            filter=words.filter_of(given),
            per_second=given["per_second"],
        )
        return secret_page(people.create(made().webhooks, confirmed_actor(), new))
    except ValidationError as error:
        return new_endpoint_page(shown_again(kept, errors_of(error)), status=400)
    except WrongAddress as error:
        return new_endpoint_page(shown_again(kept, error.errors), status=400)
    except (NotConfirmed, WrongCode, SignInDelayed) as error:
        return new_endpoint_page(shown_again(kept, code_errors(error)), status=403)
    except (NoWebhookKey, TooManyEndpoints) as error:
        return new_endpoint_page(shown_again(kept, {OF_THE_WHOLE: [sentence(str(error))]}), status=409)


def secret_page(made_now: EndpointSecret) -> Response:
    """Return the page that shows the secret of an endpoint; an endpoint that has none leads to its own page."""
    endpoint = made_now.endpoint
    address = f"{WEBHOOKS}/{endpoint.id}"
    if made_now.secret is None:
        return go_to(address, f"The endpoint {endpoint.name} is made. Send a test message to it.")
    return page(
        "console/secret.html.j2",
        title=f"The secret of {endpoint.name}",
        secret=made_now.secret,
        said=KEEP,
        label=f"Go to {endpoint.name}",
        href=address,
    )


@console.get(f"{WEBHOOKS}/<int:endpoint_id>")
def show_endpoint(endpoint_id: int) -> Response:
    """Show an endpoint, what was delivered to it, and what was done to it."""
    return endpoint_page(endpoint_id)


def endpoint_page(endpoint_id: int, wrong: Mapping[str, Form] | None = None, *, status: int = 200) -> Response:
    """Return the page of an endpoint; `wrong` is a form that was refused, by its step."""
    state, before = delivery_state(request.args.get("state", "")), number_in(request.args.get("before", ""))
    shown = people.endpoint(made().webhooks, session().actor, endpoint_id, state=state, before=before)
    forms = {step: new_form(f"{WEBHOOKS}/{endpoint_id}/{step}", prefix=step) for step in STEPS}
    open_step, refused = next(iter((wrong or {}).items()), ("", None))
    address, next_before = f"{WEBHOOKS}/{endpoint_id}", shown.deliveries.next_before
    chosen = f"state={state.value}" if state else ""
    return admin_page(
        "console/endpoint.html.j2",
        status=status,
        form=refused,
        endpoint=shown.endpoint,
        steps=shown.steps.steps,
        deliveries=shown.deliveries.deliveries,
        tabs=delivery_tabs(address, state),
        next=f"{address}?{chosen}&before={next_before}" if next_before else "",
        first=f"{address}?{chosen}" if before else "",
        retry=new_form(f"{address}/deliveries", prefix="retry"),
        forms={**forms, **(wrong or {})},
        open_step=open_step,
        words=words,
        place=place,
        told_of=told_of,
    )


def delivery_state(text: str) -> DeliveryState | None:
    """Return the state in an address; raises `BadRequest` for one that does not exist."""
    try:
        return DeliveryState(text) if text else None
    except ValueError:
        raise BadRequest(f"{text[:40]!r} is not a state of deliveries") from None


def delivery_tabs(address: str, current: DeliveryState | None) -> list[NavItem]:
    """Return the lists of deliveries by state."""
    states = [(each, f"{address}?state={each.value}", words.DELIVERY_STATES[each][0]) for each in DeliveryState]
    tabs = [(None, address, "All"), *states]
    return [NavItem(href=href, label=label, current=state is current) for state, href, label in tabs]
