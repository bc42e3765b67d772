"""The examples of an OpenAPI document, and the comparison of an answer with one."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

ANY = ""  # in a table of examples: any operation
MOMENTS = (
    "received_at|created_at|published_at|began_at|at|made_at|previous_until|next_at|done_at|"
    "opened_at|last_alert_at|due_at|recorded_at|since"
)
VOLATILE = re.compile(rf'("(?:request_id|{MOMENTS}|instance|secret)": )"[^"]*"')
A_SCOPE = re.compile(r"(?<=key lacks the scope )[a-z:]+")  # one example may serve many operations
PROBLEM = "application/problem+json"
# Headers that a document leaves to HTTP, and to what browsers want of everything.
UNSAID = {"content-type", "content-length", "connection", "date", "server"}
UNSAID |= {"cache-control", "content-security-policy", "referrer-policy", "x-content-type-options"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example of one answer: its content, and the request that its operation takes."""

    operation: str
    method: str
    path: str
    scope: str
    request: object
    status: int
    media_type: str
    headers: Mapping[str, bool]  # whether an answer always has it
    name: str
    value: object

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.name}"


def examples_in(document: Document) -> Iterator[Example]:
    """Yield every example of every answer, with a 1 for each parameter of a path."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            asked: dict[str, Any] = {
                "operation": operation["operationId"],
                "method": method.upper(),
                "path": re.sub(r"{\w+}", "1", path),
                "scope": next((scope for need in operation["security"] for scope in need["key"]), ""),
                "request": next(requests_in(operation), None),
            }
            for status, answer in answers_of(document, operation):
                headers = dict(_headers(document, answer))
                yield from (Example(**asked, status=int(status), headers=headers, **output) for output in _said(answer))


def answers_of(document: Document, operation: Document) -> Iterator[tuple[str, Document]]:
    """Yield each answer of an operation by its status, shared ones included."""
    for status, answer in operation["responses"].items():
        _, _, shared = answer.get("$ref", "").rpartition("/")
        yield status, document["components"]["responses"][shared] if shared else answer


def _said(answer: Document) -> Iterator[dict[str, Any]]:
    for media_type, content in answer.get("content", {}).items():
        for name, example in content.get("examples", {}).items():
            yield {"media_type": media_type, "name": name, "value": example["value"]}


def requests_in(operation: Document) -> Iterator[object]:
    """Yield the bodies that the operation has as examples."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for example in content["examples"].values():
            yield example["value"]


def _headers(document: Document, answer: Document) -> Iterator[tuple[str, bool]]:
    for name, header in answer["headers"].items():
        shown = document["components"]["headers"][name] if "$ref" in header else header
        yield name.lower(), shown.get("required", False)


def key_of_example(example: Example, ways: Mapping[tuple[str, str], object]) -> tuple[str, str] | None:
    """Say which of the ways leads to an example: that of its operation, else that of any."""
    names = ((operation, example.name) for operation in (example.operation, ANY))
    return next((name for name in names if name in ways), None)


def assert_matches_example(example: Example, status: int, headers: Mapping[str, str], text: str) -> None:
    """Compare an answer with its example: status, media type, headers and body, but for ids and moments.

    A problem must name the path that was asked for, where an example cannot: with a 1 for each number in it, here.
    """
    assert status == example.status, f"{example}: {status} {text}"
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["content-type"].partition(";")[0] == example.media_type, example
    if example.media_type == "text/plain":
        assert _names(str(example.value)) <= _names(text), f"{example}: {text}"
    elif example.media_type.endswith("json"):
        assert _still(json.loads(text)) == _still(example.value), example
        if example.media_type == PROBLEM:
            assert re.sub("[0-9]+", "1", json.loads(text)["instance"]) == example.path, example
            assert all(scope == example.scope for scope in A_SCOPE.findall(text)), example
    else:
        assert text == example.value, example
    always = {name for name, required in example.headers.items() if required}
    assert always <= sent.keys() - UNSAID <= example.headers.keys(), f"{example}: the headers are {sent}"


def _names(lines: str) -> set[str]:
    """Return the lines of an excerpt of metrics without their values, which always change."""
    return {line if line.startswith("#") else line.rpartition(" ")[0] for line in lines.splitlines()}


def _still(value: object) -> str:
    return A_SCOPE.sub("…", VOLATILE.sub(r'\1"…"', json.dumps(value, indent=1, ensure_ascii=False)))
