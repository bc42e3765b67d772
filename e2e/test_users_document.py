"""The OpenAPI document on players, compared with the answers to requests of Schemathesis."""

import json
from typing import Any

import httpx
import pytest
from schemathesis import GenerationMode

from e2e.conformance import statuses_of_conforming_answers
from e2e.test_register import new_email

OPERATIONS = [
    ("GET", "/users/{user_id}"),
    ("GET", "/users/{user_id}/events"),
    ("GET", "/users/{user_id}/changes"),
    ("PUT", "/users/{user_id}"),
    ("GET", "/users"),
    ("POST", "/users"),
]


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
    answered = statuses_of_conforming_answers(client, method, path, mode, body_of)
    # Nobody is registered under the ids of a PUT.
    expected = {200, 201, 404} if mode is GenerationMode.POSITIVE else {400, 404}
    assert answered & expected, f"only {answered}"
