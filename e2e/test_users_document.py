"""The OpenAPI document on players, compared with the answers to requests of Schemathesis."""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode

from e2e.hypothesis_settings import BOUNDED
from e2e.test_document import CHECKS
from e2e.test_register import new_email
from testkit.service import SEED, URL

EXAMPLES = 40  # for each operation, sound ones and unsound ones
OPERATIONS = [("GET", "/users/{user_id}"), ("GET", "/users/{user_id}/events"), ("GET", "/users"), ("POST", "/users")]


def body_of(shown: dict[str, Any]) -> bytes | None:
    """Return the body of a case, without an id: once the greatest is in the register, it has no next free one."""
    if "json" not in shown:
        written = shown.get("data")
        return written.encode() if isinstance(written, str) else written
    members = shown["json"]
    if isinstance(members, dict):
        members = {name: value for name, value in members.items() if name != "user_id" or type(value) is not int}
        members |= {"email": new_email()} if isinstance(members.get("email"), str) and "@" in members["email"] else {}
    return json.dumps(members).encode()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_conform_to_the_openapi_document(
    client: httpx.Client, method: str, path: str, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    answered = set()

    @seed(SEED)
    @settings(BOUNDED, max_examples=EXAMPLES)
    @given(document[path][method].as_strategy(generation_mode=mode))
    def as_documented(case: schemathesis.Case[Any]) -> None:
        shown = case.as_transport_kwargs(base_url=URL)
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        response = client.request(
            method, shown["url"], params=shown.get("params"), content=body_of(shown), headers=headers
        )
        case.validate_response(response, checks=CHECKS)
        answered.add(response.status_code)

    as_documented()
    expected = {200, 201} if mode is GenerationMode.POSITIVE else {400, 404}
    assert answered & expected, f"only {answered}"
