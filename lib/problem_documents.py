"""What the OpenAPI document says about refusals: made of the same registry that answers them."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from lib.problem_details import INTERNAL, MEDIA_TYPE, OF_HTTP, TYPE_PREFIX, ProblemType

OF_EVERY_BODY = (OF_HTTP[413], OF_HTTP[415])
OF_EVERY_KEY = (OF_HTTP[401], OF_HTTP[403], OF_HTTP[429])
STRING = {"type": "string"}


def refusals(problems: Iterable[ProblemType], *, takes_body: bool, open_to_all: bool) -> dict[int, dict[str, Any]]:
    """Describe the refusals of an operation, by status, for APIFlask's `doc`: its own and those of its sort."""
    of_its_sort = (*(OF_EVERY_BODY if takes_body else ()), *(() if open_to_all else OF_EVERY_KEY), INTERNAL)
    by_status = sorted((*problems, *of_its_sort), key=attrgetter("status"))
    return {status: _described(list(kinds)) for status, kinds in groupby(by_status, key=attrgetter("status"))}


def _described(kinds: list[ProblemType]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "; ".join(f"`{kind.slug}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": _schema(kinds)}},
    }
    if any(kind.retry_after for kind in kinds):
        answer["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return answer


def _schema(kinds: list[ProblemType]) -> dict[str, Any]:
    """Return the form of a problem (RFC 9457) as JSON Schema."""
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {"type": "string", "enum": [TYPE_PREFIX + kind.slug for kind in kinds]},
            "title": STRING,
            "status": {"type": "integer", "const": kinds[0].status},
            "detail": {"type": "string", "description": "what was wrong and what to change"},
            "instance": {"type": "string", "description": "the path of the request"},
            "request_id": {"type": "string", "description": "finds the request in the log"},
            "errors": {
                "type": "object",
                "description": "for each member at fault, what is wrong with it",
                "additionalProperties": {"type": "array", "items": STRING},
            },
        },
    }
