"""The routes of the policy of four eyes."""

from http import HTTPStatus

from apiflask import APIBlueprint

from app.access.domain import Scope
from app.access.guard import asks_for
from app.access.problems import error_responses
from app.rulebook.domain import SameEyes
from app.rulebook.hands import hand_of_request
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
@policy.output(PolicySchema, examples=examples.ON, description="the policy, and its changes")
@policy.doc(responses=error_responses(NO_PARAMETER, problems=PROBLEMS, takes_body=False))
@asks_for(Scope.RULES_READ)
def read_policy(**_: object) -> Policy:
    """Read whether editions are published by another owner than their author's, and who ever changed that."""
    return controllers.policy(_database(), setting=_setting())


@policy.put("")  # type: ignore[type-var]  # as above
@policy.input(PolicyAskedSchema, arg_name="asked", examples=examples.ASKED)
@policy.output(PolicySchema, examples=examples.OFF, description="the policy is as it was asked for")
@policy.doc(
    responses={
        202: {
            "description": "four eyes are on; another owner has to ask for the same within a day",
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Policy"},
                    "examples": examples.PROPOSED,
                }
            },
        },
        **error_responses(MalformedJson, NO_SWITCH, SameEyes, problems=PROBLEMS, takes_body=True),
    }
)
@asks_for(Scope.RULES_PUBLISH)
def change_policy(asked: PolicyAsked) -> tuple[Policy, int]:
    """Turn four eyes on, which one person does, or off, which two do.

    The first one's request is a proposal, a 202; the same by a key of another owner within a day carries it out. A key
    without an owner does neither.
    """
    hand = hand_of_request(asked.note)
    if asked.on:
        return controllers.turn_on(_database(), hand), HTTPStatus.OK
    turned = controllers.turn_off(_database(), hand, setting=_setting())
    return turned, HTTPStatus.ACCEPTED if turned.on else HTTPStatus.OK


def _setting() -> bool:
    return services.get(RuleBookServices).four_eyes


def _database() -> Database:
    return services.get(RuleBookServices).database
