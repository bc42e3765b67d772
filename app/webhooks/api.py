"""The routes of endpoints: what comes in, what goes out, no decisions."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.webhooks import controllers, examples
from app.webhooks.addresses import WrongAddress
from app.webhooks.domain import Endpoint
from app.webhooks.problems import PROBLEMS
from app.webhooks.requests import (
    EndpointUpdate,
    NewEndpoint,
    NoSuchEndpoint,
    NotSigned,
    StepPage,
    StepsQuery,
    TooManyEndpoints,
)
from app.webhooks.schemas import (
    EndpointInPath,
    EndpointListSchema,
    EndpointLocationSchema,
    EndpointSchema,
    EndpointSecretSchema,
    EndpointStepPageSchema,
    EndpointUpdateSchema,
    NewEndpointSchema,
    NothingSchema,
    OutcomeSchema,
    StepsParameters,
    render_outcome,
    render_with_secret,
)
from app.webhooks.secrets import NoWebhookKey
from app.webhooks.services import WebhookServices
from lib import services
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path
from lib.query_parameters import NoParameters

webhooks = APIBlueprint(
    "webhooks",
    __name__,
    tag={"name": "Webhooks", "description": "Who is told of alerts, and what became of that."},
    url_prefix="/webhooks",
)
ENDPOINTS = "/endpoints"
ENDPOINT = f"{ENDPOINTS}/<int(min=1, max=9223372036854775807):endpoint_id>"
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_MEMBER = InvalidMembers({"note": ["Unknown field."]})
INNER_ADDRESS = WrongAddress("10.1.2.3 is a private address; to allow it, add 10.1.2.3 to WEBHOOK_ALLOW")
WRONG_RATE = InvalidMembers({"per_second": ["Must be from 1 to 100."]})


@webhooks.post(ENDPOINTS)
@webhooks.input(NewEndpointSchema, arg_name="new", examples=examples.NEW)
@webhooks.output(
    EndpointSecretSchema,
    status_code=HTTPStatus.CREATED,
    examples=examples.CREATED,
    headers=EndpointLocationSchema,
    description="created; this is the one answer with its secret",
)
@webhooks.doc(
    responses=error_responses(
        MalformedJson, INNER_ADDRESS, NoWebhookKey, TooManyEndpoints, problems=PROBLEMS, takes_body=True
    )
)
@require_scope(Scope.WEBHOOKS_WRITE)
def create_endpoint(new: NewEndpoint) -> tuple[Mapping[str, Any], int, dict[str, str]]:
    """Create an endpoint, which is told from the next alert on.

    Its address must be public, unless settings allow others. Keep the secret: with it the receiver verifies that a
    message is ours. The section `webhooks` of this document describes the messages.
    """
    created = controllers.create(_services(), new, actor_of_request())
    return render_with_secret(created), HTTPStatus.CREATED, {"Location": f"/webhooks/endpoints/{created.endpoint.id}"}


@webhooks.get(ENDPOINTS)
@webhooks.input(NoParameters, location="query")
@webhooks.output(EndpointListSchema, examples=examples.ALL, description="all endpoints")
@webhooks.doc(responses=error_responses(NO_PARAMETER, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.WEBHOOKS_READ)
def read_endpoints(**_: object) -> Mapping[str, Any]:
    """List the endpoints, without their secrets."""
    return {"endpoints": controllers.endpoints(_services())}


@webhooks.get(ENDPOINT)  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@webhooks.input(NoParameters, location="query")
@webhooks.output(EndpointSchema, examples=examples.ONE, description="the endpoint")
@webhooks.doc(responses=error_responses(NO_PARAMETER, NoSuchEndpoint, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_READ)
def read_endpoint(endpoint_id: int, **_: object) -> Endpoint:
    """Read an endpoint, without its secret."""
    return controllers.endpoint(_services(), endpoint_id)


@webhooks.get(f"{ENDPOINT}/steps")  # type: ignore[type-var]  # as above
@webhooks.input(StepsParameters, location="query", arg_name="query")
@webhooks.output(EndpointStepPageSchema, examples=examples.STEPS, description="the steps, newest first")
@webhooks.doc(responses=error_responses(NO_LIMIT, NoSuchEndpoint, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_READ)
def read_steps(endpoint_id: int, query: StepsQuery) -> StepPage:
    """Read what was done to an endpoint, when and by whom, also to a deleted one. Nothing changes or removes a step."""
    return controllers.steps(_services(), endpoint_id, query)


@webhooks.patch(ENDPOINT)  # type: ignore[type-var]  # as above
@webhooks.input(EndpointUpdateSchema, arg_name="update", examples=examples.UPDATES)
@webhooks.output(EndpointSchema, examples=examples.PAUSED, description="as it is from now on")
@webhooks.doc(
    responses=error_responses(MalformedJson, WRONG_RATE, NoSuchEndpoint, NotFound, problems=PROBLEMS, takes_body=True)
)
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def change_endpoint(endpoint_id: int, update: EndpointUpdate) -> Endpoint:
    """Change, pause or enable an endpoint; what is left out stays as it is, and `filter` replaces the whole filter.

    While it is paused or disabled, what is due to it waits. A filter decides about what is numbered from now on.
    """
    return controllers.change(_services(), endpoint_id, update, actor_of_request())


@webhooks.delete(ENDPOINT)
@webhooks.input(NoParameters, location="query")
@webhooks.doc(
    responses={
        204: {"description": "it is deleted"},
        **error_responses(NO_PARAMETER, NoSuchEndpoint, NotFound, problems=PROBLEMS, takes_body=False),
    }
)
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def delete_endpoint(endpoint_id: int, **_: object) -> tuple[str, int]:
    """Delete an endpoint; what is due to it is dropped."""
    controllers.delete(_services(), endpoint_id, actor_of_request())
    return "", HTTPStatus.NO_CONTENT


@webhooks.post(f"{ENDPOINT}/rotate")
@webhooks.input(NothingSchema, arg_name="nothing", examples=examples.NOTHING)
@webhooks.output(EndpointSecretSchema, examples=examples.ROTATED, description="with the new secret, shown only now")
@webhooks.doc(
    responses=error_responses(
        MalformedJson, NO_MEMBER, NoSuchEndpoint, NotFound, NotSigned, NoWebhookKey, problems=PROBLEMS, takes_body=True
    )
)
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def rotate_secret(endpoint_id: int, **_: object) -> Mapping[str, Any]:
    """Replace the secret; for 24 hours the one before signs as well, so the receiver can change in between."""
    return render_with_secret(controllers.rotate(_services(), endpoint_id, actor_of_request()))


@webhooks.post(f"{ENDPOINT}/test")
@webhooks.input(NothingSchema, arg_name="nothing", examples=examples.NOTHING)
@webhooks.output(OutcomeSchema, examples=examples.TESTED, description="how that ended")
@webhooks.doc(
    responses=error_responses(MalformedJson, NO_MEMBER, NoSuchEndpoint, NotFound, problems=PROBLEMS, takes_body=True)
)
@describes_path(webhooks, EndpointInPath)
@require_scope(Scope.WEBHOOKS_WRITE)
def send_test_message(endpoint_id: int, **_: object) -> Mapping[str, Any]:
    """Send a message of the type `endpoint.test` now, whatever the state of the endpoint, and return the answer.

    It is sent once, and is no delivery. Waiting ends after four seconds.
    """
    return render_outcome(controllers.send_test(_services(), endpoint_id))


def _services() -> WebhookServices:
    return services.get(WebhookServices)
