"""The problems that clients see when something is refused about endpoints and deliveries."""

from app.problems import Problems
from app.webhooks.addresses import WrongAddress
from app.webhooks.domain import Format
from app.webhooks.requests import (
    EndpointGone,
    NoSuchDelivery,
    NoSuchEndpoint,
    NotSigned,
    TooManyEndpoints,
    TooMuchToReplay,
)
from app.webhooks.secrets import NO_KEY, NoWebhookKey
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    WrongAddress: ProblemType(400, "invalid-request", "Invalid request"),
    NoSuchEndpoint: ProblemType(404, "unknown-endpoint", "Endpoint not found", example=NoSuchEndpoint(1)),
    NoSuchDelivery: ProblemType(404, "unknown-delivery", "Delivery not found", example=NoSuchDelivery(1)),
    NoWebhookKey: ProblemType(
        409, "no-webhook-key", "No secret can be derived for the endpoint", example=NoWebhookKey(NO_KEY)
    ),
    TooManyEndpoints: ProblemType(
        409, "too-many-endpoints", "There are too many endpoints", example=TooManyEndpoints()
    ),
    NotSigned: ProblemType(409, "not-signed", "The endpoint has no secret", example=NotSigned(1, Format.SLACK)),
    EndpointGone: ProblemType(409, "endpoint-gone", "The endpoint was deleted", example=EndpointGone(1)),
    TooMuchToReplay: ProblemType(
        409, "too-much-to-replay", "The range has too many alerts to replay", example=TooMuchToReplay()
    ),
}
