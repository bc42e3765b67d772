"""The OpenAPI document of the running service, compared with the answers to requests of Schemathesis."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from e2e.hypothesis_settings import BOUNDED
from e2e.model_user import ModelUser
from testkit.bodies import MAX_INTEGER
from testkit.openapi_document import PROBLEM, answers_of
from testkit.service import SEED, URL, Player

EXAMPLES = 50  # for each path, sound ones and unsound ones


def problem_kind_conformance(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Fail on a kind of problem that the answer of this status is not described with."""
    document = case.operation.schema.raw_schema
    if response.headers.get("content-type") == [PROBLEM]:
        described = document["paths"][case.operation.path][case.method.lower()]
        shown = dict(answers_of(document, described))[str(response.status_code)]["content"][PROBLEM]["examples"]
        kind = response.json()["type"].rpartition(":")[2]
        assert kind in shown, f"{kind} is not described with {response.status_code} of {case.operation.label}"


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    problem_kind_conformance,
]


def body_of(case: schemathesis.Case[Any], user_id: int) -> bytes:
    """Return the body of a case, as an event of this player where it is one of anybody's."""
    shown: dict[str, Any] = case.as_transport_kwargs(base_url=URL)
    members = shown.get("json")
    if isinstance(members, dict) and type(members.get("user_id")) is int and 0 < members["user_id"] <= MAX_INTEGER:
        members["user_id"] = user_id
    if "json" in shown:
        return json.dumps(members).encode()
    written = shown.get("data") or b""
    return written.encode() if isinstance(written, str) else bytes(written)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_answers_conform_to_the_openapi_document(
    client: httpx.Client, new_player: Callable[[], Player], path: str, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_dict(client.get("/openapi.json").json())

    @seed(SEED)
    @settings(BOUNDED, max_examples=EXAMPLES)
    @given(document["/event"]["POST"].as_strategy(generation_mode=mode))
    def as_documented(case: schemathesis.Case[Any]) -> None:
        model_user = ModelUser(player=new_player(), path=path)
        response = model_user.expose_to(body_of(case, model_user.player.user_id), "application/json")
        assert response is not None
        case.validate_response(response, checks=CHECKS)
        model_user.play_on(moments=())

    as_documented()
