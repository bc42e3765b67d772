"""The OpenAPI document on alerts and rules, compared with the answers to requests of Schemathesis.

Nothing that would publish an edition is tried, and nothing that would draft one: other tests share the rule book.
"""

import json
from typing import Any

import httpx
import pytest
from schemathesis import GenerationMode

from e2e.conformance import statuses_of_conforming_answers

READING = ["/alerts", "/alerts/feed", "/alerts/{user_id}/{t}/{code}", "/rules", "/rules/audit"]
READING += ["/rules/{edition}", "/rules/{edition}/toml", "/rules/{edition}/diff/{other}"]
READING += ["/rules/templates", "/rules/{edition}/comparison"]
FOUND_BY_CHANCE = {"/alerts/{user_id}/{t}/{code}": [404], "/rules/{edition}/comparison": [404, 409]}
OPERATIONS = [("GET", path, mode) for path in READING for mode in GenerationMode]
OPERATIONS.remove(("GET", "/rules/templates", GenerationMode.NEGATIVE))  # it takes nothing that could be wrong
OPERATIONS.append(("POST", "/rules", GenerationMode.NEGATIVE))


def body_of(shown: dict[str, Any]) -> str | bytes | None:
    """Return the body of a case as it is."""
    return json.dumps(shown["json"]) if "json" in shown else shown.get("data")


@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
def test_answers_conform_to_the_openapi_document(
    client: httpx.Client, method: str, path: str, mode: GenerationMode
) -> None:
    answered = statuses_of_conforming_answers(client, method, path, mode, body_of)
    expected = {200, *FOUND_BY_CHANCE.get(path, ())} if mode is GenerationMode.POSITIVE else {400, 404}
    assert answered & expected, f"only {answered}"
