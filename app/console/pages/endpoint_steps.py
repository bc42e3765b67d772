"""Admin: what is done with an endpoint of webhooks from its page."""

from collections.abc import Callable

from flask import Response
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound

from app.console.answers import go_to, new_form
from app.console.entrance import console, form, made, session
from app.console.errors import sentence
from app.console.forms import OF_THE_WHOLE
from app.console.pages import endpoint_forms as words
from app.console.pages.admin import code_errors, confirmed_actor, errors_of, number_in, shown_again, typed_members
from app.console.pages.endpoints import WEBHOOKS, endpoint_page, secret_page
from app.console.rendering import NoticeKind
from app.staff.domain import SignInDelayed, WrongCode
from app.staff.permissions import NotConfirmed, Permission
from app.webhooks import people
from app.webhooks.addresses import WrongAddress
from app.webhooks.domain import State
from app.webhooks.messages import Outcome, Verdict
from app.webhooks.requests import EndpointUpdate, NotSigned, ReplayQuery, TooMuchToReplay
from app.webhooks.secrets import NoWebhookKey

ENDPOINT = f"{WEBHOOKS}/<int:endpoint_id>"
SAID = {State.PAUSED: "is paused; what is due to it waits.", State.ENABLED: "is enabled."}


def taken(endpoint_id: int, step: str, take: Callable[[], Response]) -> Response:
    """Take a step with an endpoint; a form that is refused is shown again."""
    session().actor.require(Permission.WEBHOOKS_WRITE)
    kept = new_form(f"{WEBHOOKS}/{endpoint_id}/{step}", prefix=step, values=form())
    try:
        return take()
    except ValidationError as error:
        return endpoint_page(endpoint_id, {step: shown_again(kept, errors_of(error))}, status=400)
    except WrongAddress as error:
        return endpoint_page(endpoint_id, {step: shown_again(kept, error.errors)}, status=400)
    except (NotConfirmed, WrongCode, SignInDelayed) as error:
        return endpoint_page(endpoint_id, {step: shown_again(kept, code_errors(error))}, status=403)
    except (NoWebhookKey, NotSigned) as error:
        errors = {OF_THE_WHOLE: [sentence(str(error))]}
        return endpoint_page(endpoint_id, {step: shown_again(kept, errors)}, status=409)
    except TooMuchToReplay as error:
        return endpoint_page(endpoint_id, {step: shown_again(kept, {"since": [sentence(str(error))]})}, status=409)


@console.post(f"{ENDPOINT}/change")
def change_endpoint(endpoint_id: int) -> Response:
    """Change an endpoint; what is due to it goes to the new address."""

    def change() -> Response:
        given = words.ChangeForm().load(typed_members(form(), "topics"))
        update = EndpointUpdate(
            name=given["name"], url=given["url"], filter=words.filter_of(given), per_second=given["per_second"]
        )
        changed = people.change(made().webhooks, confirmed_actor(), endpoint_id, update)
        return go_to(f"{WEBHOOKS}/{endpoint_id}", f"The endpoint {changed.name} is saved.")

    return taken(endpoint_id, "change", change)


@console.post(f"{ENDPOINT}/state")
def set_endpoint_state(endpoint_id: int) -> Response:
    """Pause or enable an endpoint."""
    wanted = form().get("state", "")
    session().actor.require(Permission.WEBHOOKS_WRITE)
    if wanted not in SAID:
        raise NotFound
    changed = people.change(made().webhooks, session().actor, endpoint_id, EndpointUpdate(state=State(wanted)))
    return go_to(f"{WEBHOOKS}/{endpoint_id}", f"The endpoint {changed.name} {SAID[changed.state]}")


@console.post(f"{ENDPOINT}/test")
def send_test(endpoint_id: int) -> Response:
    """Send a test message, and say how that ended."""
    outcome = people.send_test(made().webhooks, session().actor, endpoint_id)
    kind = NoticeKind.OK if outcome.verdict is Verdict.DELIVERED else NoticeKind.ERROR
    return go_to(f"{WEBHOOKS}/{endpoint_id}", outcome_words(outcome), kind=kind)


def outcome_words(outcome: Outcome) -> str:
    """Say how a test message ended."""
    took = f"after {outcome.seconds:.1f} s"
    if outcome.verdict is Verdict.DELIVERED:
        return f"The test message was taken: the receiver answered {outcome.status} {took}."
    return f"The test message was not taken ({took}): {outcome.error}"


@console.post(f"{ENDPOINT}/rotate")
def rotate_endpoint(endpoint_id: int) -> Response:
    """Replace the secret of an endpoint, and show the new one, this one time."""
    seen = number_in(form().get("version", ""))
    return taken(
        endpoint_id,
        "rotate",
        lambda: secret_page(people.rotate(made().webhooks, confirmed_actor(), endpoint_id, seen=seen)),
    )


@console.post(f"{ENDPOINT}/replay")
def replay_endpoint(endpoint_id: int) -> Response:
    """Send again what an endpoint missed: what was given up, or what the feed has since a time."""

    def replay() -> Response:
        dead = form().get("what") == "dead"
        since = None if dead else words.moment_in(form().get("since", ""), session().account.preferences.zone)
        due = people.replay(made().webhooks, session().actor, endpoint_id, ReplayQuery(dead=dead, since=since))
        said = f"{due:,} {'message is' if due == 1 else 'messages are'} due again."
        return go_to(f"{WEBHOOKS}/{endpoint_id}", said, kind=NoticeKind.OK if due else NoticeKind.INFO)

    return taken(endpoint_id, "replay", replay)


@console.post(f"{ENDPOINT}/delete")
def delete_endpoint(endpoint_id: int) -> Response:
    """Delete an endpoint, and drop what is due to it."""

    def delete() -> Response:
        people.delete(made().webhooks, confirmed_actor(), endpoint_id)
        return go_to(WEBHOOKS, f"Endpoint {endpoint_id} is deleted.")

    return taken(endpoint_id, "delete", delete)


@console.post(f"{ENDPOINT}/deliveries/<int:delivery_id>/retry")
def retry_delivery(endpoint_id: int, delivery_id: int) -> Response:
    """Make a delivery due now."""
    due = people.retry(made().webhooks, session().actor, endpoint_id, delivery_id)
    return go_to(f"{WEBHOOKS}/{endpoint_id}", f"Delivery {due.id} is due now. Load this page again to see its result.")
