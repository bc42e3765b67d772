"""What the OpenAPI document says about error responses, generated from the problem types that the service returns."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from lib.problem_details import INTERNAL, MEDIA_TYPE, OF_HTTP, TYPE_PREFIX, ProblemType, members_of

Document = dict[str, Any]

_OF_EVERY_BODY = (OF_HTTP[408], OF_HTTP[413], OF_HTTP[415])
_PATH, _REQUEST_ID = "/path/of/the/request", "6f1ac0e2b49d4f7f8a3b5c7d9e1f2a4b"  # in the examples
_HEADERS_OF = {401: ("WWW-Authenticate",), 415: ("Accept", "Accept-Encoding"), 429: ("Retry-After",)}  # by status
_STRING = {"type": "string"}

HEADERS: dict[str, Document] = {
    "Accept": {"description": "the accepted media type, if another was sent", "schema": _STRING},
    "Accept-Encoding": {"description": "the accepted encoding, if another was sent", "schema": _STRING},
    "Retry-After": {"description": "seconds to wait before a retry", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "how to send a key", "schema": _STRING},
}
_PROBLEM: Document = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": f"the kind of problem, after `{TYPE_PREFIX}`"},
        "title": {"type": "string", "description": "the kind of problem, for people"},
        "status": {"type": "integer", "description": "the status of the response"},
        "detail": {"type": "string", "description": "what was wrong and what to change"},
        "instance": {"type": "string", "description": "the path of the request"},
        "request_id": {"type": "string", "description": "finds the request in the log"},
        "new_type": {"type": "string", "description": "if `type` changes in the next release: its new value"},
    },
}
_ERRORS: Document = {
    "type": "object",
    "description": "for each invalid member or parameter, what is wrong with it",
    "additionalProperties": {"type": "array", "items": _STRING},
}
_PLAIN, _WITH_ERRORS = ({"$ref": f"#/components/schemas/{name}"} for name in ("Problem", "ValidationProblem"))
SCHEMAS: dict[str, Document] = {
    "Problem": _PROBLEM,
    "ValidationProblem": {
        "description": "A problem that names the invalid members or parameters.",
        "allOf": [_PLAIN, {"type": "object", "required": ["errors"], "properties": {"errors": _ERRORS}}],
    },
}


def refusals(problems: Iterable[ProblemType], *, takes_body: bool) -> dict[int, Document]:
    """Return an operation's error responses by status, for APIFlask's `doc`.

    They are its own problems and those of every operation, or of every one that takes a body; its own have precedence.
    """
    common = (*(_OF_EVERY_BODY if takes_body else ()), INTERNAL)
    kinds = {kind.slug: kind for kind in (*common, *problems)}
    by_status = sorted(kinds.values(), key=attrgetter("status"))
    return {status: _response(list(kinds)) for status, kinds in groupby(by_status, key=attrgetter("status"))}


def name_of(response: Document) -> str:
    """Return the name of an error response's component, made of its kinds; "" for any other response."""
    return "-or-".join(response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def _response(kinds: Sequence[ProblemType]) -> Document:
    """Describe the response of one status."""
    response: Document = {
        "description": "; ".join(f"`{kind.slug}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": _schema(kinds), "examples": _examples(kinds)}},
    }
    retry = ["Retry-After"] if any(kind.retry_after for kind in kinds) else []
    if names := {*_HEADERS_OF.get(kinds[0].status, ()), *retry}:
        response["headers"] = {name: name for name in sorted(names)}  # apispec makes references of them
    return response


def _schema(kinds: Iterable[ProblemType]) -> Document:
    """Return the schema of these problems: generators try the narrower one first, as the wider one fits both."""
    naming = {bool(getattr(kind.example, "errors", None)) for kind in kinds}
    return {"anyOf": [_WITH_ERRORS, _PLAIN]} if len(naming) > 1 else _WITH_ERRORS if True in naming else _PLAIN


def _examples(kinds: Iterable[ProblemType]) -> dict[str, Document]:
    """Return an example of each kind by its slug, as the service returns it except for path and request id.

    A kind with neither a fixed `detail` nor an `example` is left out; a test of the whole document finds it.
    """
    return {
        kind.slug: {"summary": kind.title, "value": members_of(kind, kind.example or Exception(), _PATH, _REQUEST_ID)}
        for kind in kinds
        if kind.detail or kind.example
    }
