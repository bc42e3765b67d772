"""The problems (RFC 9457) for exceptions of any feature, and how a view documents its own.

Each feature has its own table beside its domain; the factory combines them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import HTTPException

from lib.concurrency import NoFreeSlot
from lib.database_errors import Unavailable
from lib.json_requests import InvalidMembers, MalformedJson
from lib.problem_details import OF_HTTP, ProblemType
from lib.problem_documents import refusals

Problems = Mapping[type[Exception], ProblemType]
Refused = type[Exception] | Exception

UNAVAILABLE = ProblemType(
    503,
    "unavailable",
    "The service cannot answer now",
    "the database cannot be reached or is overloaded; send the same request again, an event before the player's next "
    "one",
    retry_after=1,
)
PROBLEMS: Problems = {
    MalformedJson: ProblemType(
        400,
        "malformed-json",
        "The body is not a JSON object",
        example=MalformedJson("the body must be a JSON object: { … }"),
    ),
    InvalidMembers: ProblemType(400, "invalid-request", "Invalid request"),
    Unavailable: UNAVAILABLE,
    NoFreeSlot: UNAVAILABLE,
}


def documented(
    problems: Problems, refused: Iterable[Refused], *, also: Iterable[ProblemType] = (), takes_body: bool
) -> dict[int, Any]:
    """Describe the error responses of a view for the OpenAPI document, by status.

    `refused` are the exceptions that it raises, found in `problems` or in the table of this module; give an exception
    instead of its class where the example in the table does not fit this view. `also` are the problems that all
    views of its kind share.
    """
    known = {**PROBLEMS, **problems}
    kinds = [*(_problem_type(known, each) for each in refused), *also]
    return refusals({kind.slug: kind for kind in kinds}.values(), takes_body=takes_body)


def _problem_type(known: Problems, refused: Refused) -> ProblemType:
    kind = refused if isinstance(refused, type) else type(refused)
    of_http = OF_HTTP.get(kind.code or 0) if issubclass(kind, HTTPException) else None
    found = of_http or known[kind]
    return replace(found, example=refused) if isinstance(refused, Exception) else found
