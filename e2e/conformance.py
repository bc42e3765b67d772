"""Sends requests that Schemathesis makes from the OpenAPI document, and checks the answers against it."""

from collections.abc import Callable
from typing import Any

import httpx
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode

from e2e.hypothesis_settings import BOUNDED
from e2e.test_document import CHECKS
from testkit.service import SEED, URL

EXAMPLES = 40  # for each operation, sound ones and unsound ones

BodyOf = Callable[[dict[str, Any]], str | bytes | None]  # from the arguments of a request, as Schemathesis shows them


def statuses_of_conforming_answers(
    client: httpx.Client, method: str, path: str, mode: GenerationMode, body_of: BodyOf
) -> set[int]:
    """Return the statuses of the answers to requests for one operation; each must be as documented."""
    document = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    answered = set()

    @seed(SEED)
    @settings(BOUNDED, max_examples=EXAMPLES)
    @given(document[path][method].as_strategy(generation_mode=mode))
    def as_documented(case: schemathesis.Case[Any]) -> None:
        shown = case.as_transport_kwargs(base_url=URL)
        headers = {"Content-Type": "application/json"} if method in {"POST", "PUT"} else {}
        response = client.request(
            method, shown["url"], params=shown.get("params"), content=body_of(shown), headers=headers
        )
        case.validate_response(response, checks=CHECKS)
        answered.add(response.status_code)

    as_documented()
    return answered
