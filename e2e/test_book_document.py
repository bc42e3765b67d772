"""The OpenAPI document on alerts and rules, compared with the answers to requests of Schemathesis.

Nothing that would publish an edition is tried, and nothing that would draft one: other tests share the rule book.
"""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode

from e2e.hypothesis_settings import BOUNDED
from e2e.test_document import CHECKS
from testkit.service import SEED, URL

EXAMPLES = 40  # for each operation, sound ones and unsound ones
READING = ["/alerts", "/alerts/{user_id}/{t}/{code}", "/rules", "/rules/audit"]
READING += ["/rules/{edition}", "/rules/{edition}/toml", "/rules/{edition}/diff/{other}"]
FOUND_BY_CHANCE = {"/alerts/{user_id}/{t}/{code}": [404]}
OPERATIONS = [("GET", path, mode) for path in READING for mode in GenerationMode]
OPERATIONS.append(("POST", "/rules", GenerationMode.NEGATIVE))


@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
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
        body = json.dumps(shown["json"]) if "json" in shown else shown.get("data")
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        response = client.request(method, shown["url"], params=shown.get("params"), content=body, headers=headers)
        case.validate_response(response, checks=CHECKS)
        answered.add(response.status_code)

    as_documented()
    expected = {200, *FOUND_BY_CHANCE.get(path, ())} if mode is GenerationMode.POSITIVE else {400, 404}
    assert answered & expected, f"only {answered}"
