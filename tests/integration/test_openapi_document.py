"""The OpenAPI document alone: valid, complete, and equal to the committed one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.factory import create_app
from tests.integration.conftest import AppWith
from tests.settings import settings_with

NOT_DESCRIBED = {"static", "openapi.spec", "api_page.lead", "api_page.show", "api_page.send"}
TOLD_IN_WORDS = {"POST /event/", "POST /api/events", "POST /events/"}
ALWAYS_THERE = {"HEAD", "OPTIONS"}
PROBLEM = "application/problem+json"
COMMITTED = Path("docs/openapi.json")

Document = dict[str, Any]


@pytest.fixture(scope="module")
def app_without_database() -> APIFlask:
    return create_app(settings_with(database_url="postgresql://127.0.0.1:1/nothing"))


@pytest.fixture(scope="module")
def document(app_without_database: APIFlask) -> Document:
    described: Document = json.loads(json.dumps(app_without_database.spec))
    return described


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def responses(document: Document, operation: Document) -> Document:
    """Return the answers of an operation, shared ones included."""
    shared = document["components"]["responses"]
    return {
        status: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for status, answer in operation["responses"].items()
    }


def contents(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield every body that is described: whose, of which media type, and how."""
    for name, operation in operations(document):
        for status, answer in {"request": operation.get("requestBody", {}), **responses(document, operation)}.items():
            for media_type, content in answer.get("content", {}).items():
                yield f"{name} {status}", media_type, content


def faults(document: Document, schema: Document, value: object) -> list[str]:
    """Say in what a value differs from a schema of the document."""
    return [error.message for error in OAS31Validator({**document, **schema}).iter_errors(value)]


def test_it_is_valid_openapi(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_document_is_the_committed_one(document: Document) -> None:
    same = COMMITTED.read_text(encoding="utf-8") == json.dumps(document, indent=1) + "\n"
    assert same, f"the contract has changed: make openapi, and look at what git diff {COMMITTED} shows"


def test_it_describes_every_view_once_and_nothing_else(app_without_database: APIFlask, document: Document) -> None:
    routes = {
        f"{method} " + re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)
        for rule in app_without_database.url_map.iter_rules()
        if rule.endpoint not in NOT_DESCRIBED and not rule.rule.startswith("/console")
        for method in (rule.methods or set()) - ALWAYS_THERE
    }
    described = {name for name, _ in operations(document)}
    assert described | TOLD_IN_WORDS == routes
    assert described & TOLD_IN_WORDS == set()
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names), "a generator would make one function of two"
    words = "".join(document["paths"][path]["post"]["description"] for path in ("/event", "/events"))
    assert all(f"`{name.partition(' ')[2]}`" in words for name in TOLD_IN_WORDS)


def test_shared_answers_are_documented_once(document: Document) -> None:
    shown = [
        json.dumps(answer, sort_keys=True)
        for _, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status in {"401", "413", "415", "429", "500"} and "$ref" not in answer
    ]
    assert len(shown) <= 3, "only limits of bodies and media types of their own, of the rule book and of batches"
    assert len(json.dumps(document, separators=(",", ":"))) < 300_000, "as it is sent, without indentation"


def test_the_document_is_the_same_everywhere(app_with: AppWith, document: Document) -> None:
    hosts = frozenset({"elsewhere.example"})
    client = app_with(registered_users_only=True, rate_limit="9 per minute", hosts=hosts).test_client()
    assert client.get("/openapi.json", base_url="https://elsewhere.example").get_json() == document


def test_every_operation_says_what_it_is_for(document: Document) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["operationId"], name
        assert set(operation["tags"]) <= tags, f"{name} has a tag without description"
        assert operation["tags"], name


def test_every_operation_says_whether_it_requires_a_key(document: Document) -> None:
    for name, operation in operations(document):
        refusals = {"401", "403", "429"} & operation["responses"].keys()
        if operation["security"] == []:
            assert name in {"GET /health/live", "GET /health/ready"}
            assert refusals == set(), name
        else:
            [[scope]] = [need["key"] for need in operation["security"]]
            assert f"`{scope}`" in operation["description"], name
            assert refusals == {"401", "403", "429"}, name


def test_every_body_has_examples_and_they_fit_its_schema(document: Document) -> None:
    for name, _, content in contents(document):
        assert content.get("examples"), f"{name} has no example"
        for example in content["examples"].values():
            assert faults(document, content["schema"], example["value"]) == [], name


def test_every_kind_of_problem_has_an_example(document: Document) -> None:
    for name, media_type, content in contents(document):
        if media_type == PROBLEM:
            for kind, example in content["examples"].items():
                assert example["value"]["type"] == f"urn:problem-type:{kind}", name
                assert example["value"]["status"] == int(name.rpartition(" ")[2])
                assert all(str(value) for value in example["value"].values()), name
    for name, operation in operations(document):
        for answer in responses(document, operation).values():
            kinds = re.findall(r"`([a-z-]+)`: ", answer["description"])
            shown = answer.get("content", {}).get(PROBLEM, {}).get("examples", {})
            assert list(shown) == kinds, f"{name}: give it as an exception to error_responses"


def test_a_problem_with_errors_has_its_own_schema(document: Document) -> None:
    plain, errors = ({"$ref": f"#/components/schemas/{name}"} for name in ("Problem", "ValidationProblem"))
    answers = document["paths"]["/event"]["post"]["responses"]
    assert answers["409"]["content"][PROBLEM]["schema"] == plain
    assert answers["400"]["content"][PROBLEM]["schema"] == {"anyOf": [errors, plain]}
    for example in answers["409"]["content"][PROBLEM]["examples"].values():
        assert faults(document, plain, example["value"]) == []
        assert faults(document, errors, example["value"]) == ["'errors' is a required property"]


def test_headers_are_documented_where_they_occur(document: Document) -> None:
    answers = responses(document, document["paths"]["/event"]["post"])
    assert all("X-Request-ID" in answer["headers"] for answer in answers.values())
    assert {status for status, answer in answers.items() if "Retry-After" in answer["headers"]} == {"429", "503"}
    assert {status for status, answer in answers.items() if "Idempotent-Replay" in answer["headers"]} == {"200"}
    assert {status for status, answer in answers.items() if "WWW-Authenticate" in answer["headers"]} == {"401"}
    limited = {status for status, answer in answers.items() if "X-RateLimit-Remaining" in answer["headers"]}
    assert limited == {"200", "429"}


SOUND = {"type": "deposit", "amount": "42.00", "user_id": 1, "t": 10}
WITHOUT_T = {name: value for name, value in SOUND.items() if name != "t"}
EVENTS: dict[str, tuple[Document, bool]] = {
    "t": (SOUND, True),
    "time": ({**WITHOUT_T, "time": 10}, True),
    "t and time": ({**SOUND, "time": 10}, False),
    "neither": (WITHOUT_T, False),
    "an amount as a number": ({**SOUND, "amount": 42.5}, True),
    "an amount of zero": ({**SOUND, "amount": "0.00"}, False),
    "an amount of the number zero": ({**SOUND, "amount": 0}, False),
    "an amount of 13 digits": ({**SOUND, "amount": 10**12}, False),
    "an amount of 12 digits": ({**SOUND, "amount": 10**12 - 1}, True),
    "an amount of nothing": ({**SOUND, "amount": None}, False),
    "the least": ({**SOUND, "user_id": 1, "t": 0}, True),
    "the greatest": ({**SOUND, "user_id": 2**63 - 1, "t": 2**63 - 1}, True),
    "nobody": ({**SOUND, "user_id": 0}, False),
    "a user above the greatest": ({**SOUND, "user_id": 2**63}, False),
    "a t below zero": ({**SOUND, "t": -1}, False),
    "a t above the greatest": ({**SOUND, "t": 2**63}, False),
    "another type": ({**SOUND, "type": "bet"}, False),
    "a member more": ({**SOUND, "note": ""}, False),
}


@pytest.mark.parametrize(
    ("schema", "former", "present"), [("UserActivity", "withdraws", "withdrawals"), ("Evidence", "limit", "threshold")]
)
def test_a_former_name_is_sent_but_marked_deprecated(
    document: Document, schema: str, former: str, present: str
) -> None:
    described = document["components"]["schemas"][schema]
    deprecated = {name for name, member in described["properties"].items() if member.get("deprecated")}
    assert deprecated == {former}
    assert f"former name of `{present}`" in described["properties"][former]["description"]
    assert {former, present} <= set(described["required"])


@pytest.mark.parametrize(("event", "sound"), EVENTS.values(), ids=EVENTS.keys())
def test_the_document_and_the_service_agree_on_events(
    document: Document, client: FlaskClient, event: Document, *, sound: bool
) -> None:
    """A10."""
    schema = {"$ref": "#/components/schemas/Event"}
    assert (faults(document, schema, event) == []) is sound
    assert (client.post("/event", json=event).status_code == 200) is sound
