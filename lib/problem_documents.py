"""What the OpenAPI document says about refusals: made of the same registry that answers them."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from lib.problem_details import INTERNAL, MEDIA_TYPE, OF_HTTP, TYPE_PREFIX, ProblemType, members_of

OF_EVERY_BODY = (OF_HTTP[408], OF_HTTP[413], OF_HTTP[415])
PATH, REQUEST_ID = "/path/of/the/request", "6f1ac0e2b49d4f7f8a3b5c7d9e1f2a4b"  # of the examples
STRING = {"type": "string"}
HEADERS = {401: ("WWW-Authenticate",), 415: ("Accept", "Accept-Encoding"), 429: ("Retry-After",)}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": f"the kind, after `{TYPE_PREFIX}`"},
        "title": {"type": "string", "description": "the kind, for people"},
        "status": {"type": "integer", "description": "that of the answer"},
        "detail": {"type": "string", "description": "what was wrong and what to change"},
        "instance": {"type": "string", "description": "the path of the request"},
        "request_id": {"type": "string", "description": "finds the request in the log"},
    },
}
ERRORS: dict[str, Any] = {
    "type": "object",
    "description": "for each member or parameter at fault, what is wrong with it",
    "additionalProperties": {"type": "array", "items": STRING},
}
PLAIN, WITH_ERRORS = ({"$ref": f"#/components/schemas/{name}"} for name in ("Problem", "ValidationProblem"))
COMPONENTS: dict[str, dict[str, Any]] = {
    "schemas": {
        "Problem": PROBLEM,
        "ValidationProblem": {
            "description": "A problem that names the members or parameters at fault.",
            "allOf": [PLAIN, {"type": "object", "required": ["errors"], "properties": {"errors": ERRORS}}],
        },
    },
    "headers": {
        "Accept": {"description": "the media type that is taken, where another was sent", "schema": STRING},
        "Accept-Encoding": {"description": "the encoding that is taken, where another was sent", "schema": STRING},
        "Retry-After": {"description": "seconds to wait before the next try", "schema": {"type": "integer"}},
        "WWW-Authenticate": {"description": "how to show a key", "schema": STRING},
    },
}


def refusals(problems: Iterable[ProblemType], *, takes_body: bool) -> dict[int, dict[str, Any]]:
    """Describe the refusals of an operation, by status, for APIFlask's `doc`: its own and those of its sort."""
    of_its_sort = (*(OF_EVERY_BODY if takes_body else ()), INTERNAL)
    kinds = {kind.slug: kind for kind in (*of_its_sort, *problems)}  # its own words before those of its sort
    by_status = sorted(kinds.values(), key=attrgetter("status"))
    return {status: _described(list(kinds)) for status, kinds in groupby(by_status, key=attrgetter("status"))}


def told_once(problems: Iterable[ProblemType]) -> dict[str, dict[str, Any]]:
    """Describe, by name, the answers that many operations share: these refusals and those of a sort of operation."""
    return {kind.slug: _described([kind]) for kind in (*OF_EVERY_BODY, INTERNAL, *problems)}


def _described(kinds: list[ProblemType]) -> dict[str, Any]:
    status = kinds[0].status
    content = {"schema": _schema(kinds), "examples": examples_of(kinds)}
    answer: dict[str, Any] = {
        "description": "; ".join(f"`{kind.slug}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: content},
    }
    names = {*HEADERS.get(status, ()), *(["Retry-After"] if any(kind.retry_after for kind in kinds) else [])}
    if names:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}
    return answer


def _schema(kinds: Iterable[ProblemType]) -> dict[str, Any]:
    """Return the form of these problems: what has errors is a plain problem too, so generators must try it first."""
    naming = {bool(getattr(kind.example, "errors", None)) for kind in kinds}
    return {"anyOf": [WITH_ERRORS, PLAIN]} if len(naming) > 1 else WITH_ERRORS if True in naming else PLAIN


def examples_of(kinds: Iterable[ProblemType]) -> dict[str, dict[str, Any]]:
    """Return an example of each kind, by its name, as it would be answered, but for path and request id.

    A kind whose words nobody has given is left out; a test of the whole document says so.
    """
    return {
        kind.slug: {"summary": kind.title, "value": members_of(kind, kind.example or Exception(), PATH, REQUEST_ID)}
        for kind in kinds
        if kind.detail or kind.example
    }
