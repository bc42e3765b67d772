"""The routes for the policy of four eyes."""

from http import HTTPStatus

from apiflask import APIBlueprint

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.rulebook.changes import change_from_request
from app.rulebook.domain import SelfApproval
from app.rulebook.policy import controllers, examples
from app.rulebook.policy.domain import Policy
from app.rulebook.policy.problems import PROBLEMS
from app.rulebook.policy.schemas import PolicyAsked, PolicyAskedSchema, PolicySchema
from app.rulebook.services import RuleBookServices
from lib import services
from lib.database import Database
from lib.json_requests import InvalidMembers, MalformedJson
from lib.query_parameters import NoParameters

policy = APIBlueprint(
    "policy",
    __name__,
    tag={"name": "Four eyes", "description": "Whether an edition is published by another owner than its author's."},
    url_prefix="/rules/four-eyes",
)
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})
NO_SWITCH = InvalidMembers({"on": ["Must be true or false."]})


@policy.get("")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@policy.input(NoParameters, location="query")
@policy.output(PolicySchema, examples=examples.ON, description="the policy and its changes")
@policy.doc(responses=error_responses(NO_PARAMETER, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.RULES_READ)
def read_policy(**_: object) -> Policy:
    """Read whether publishing an edition takes another owner than its author's, and who changed that."""
    return controllers.policy(_database(), setting=_setting())


@policy.put("")  # type: ignore[type-var]  # as above
@policy.input(PolicyAskedSchema, arg_name="asked", examples=examples.ASKED)
@policy.output(PolicySchema, examples=examples.OFF, description="the policy is as requested")
@policy.doc(
    responses={
        202: {
            "description": "four eyes are still on; another owner has to send the same request within a day",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Policy"},
                    "examples": examples.PROPOSED,
                }
            },
        },
        **error_responses(MalformedJson, NO_SWITCH, SelfApproval, problems=PROBLEMS, takes_body=True),
    }
)
@require_scope(Scope.RULES_PUBLISH)
def change_policy(asked: PolicyAsked) -> tuple[Policy, int]:
    """Turn four eyes on, which takes one person, or off, which takes two.

    The first request to turn them off is a proposal, a 202; the same request with another owner's key within a day
    carries it out. A key without an owner can do neither.
    """
    change = change_from_request(asked.note)
    if asked.on:
        return controllers.turn_on(_database(), change), HTTPStatus.OK
    turned = controllers.turn_off(_database(), change, setting=_setting())
    return turned, HTTPStatus.ACCEPTED if turned.on else HTTPStatus.OK


def _setting() -> bool:
    return services.get(RuleBookServices).four_eyes


def _database() -> Database:
    return services.get(RuleBookServices).database
