"""Which refusal a client sees for which exception: the one place that knows both."""

from typing import Any

from werkzeug.exceptions import HTTPException

from app.events.domain import DuplicateEvent, OutOfOrder, UnknownUser
from app.events.schemas import InvalidEvent
from app.health.domain import NotReady
from app.users.domain import DuplicateUser, NoFreeUserId
from lib.json_requests import InvalidMembers, MalformedJson
from lib.problem_details import OF_HTTP, ProblemType
from lib.problem_documents import refusals
from lib.transactions import Unavailable

PROBLEMS: dict[type[Exception], ProblemType] = {
    MalformedJson: ProblemType(400, "malformed-json", "The body is no JSON object"),
    InvalidEvent: ProblemType(400, "invalid-event", "The event is not of the form that the contract asks for"),
    InvalidMembers: ProblemType(400, "invalid-request", "The request is not of the form that this path asks for"),
    OutOfOrder: ProblemType(400, "out-of-order", "The event comes after a later one"),
    UnknownUser: ProblemType(404, "unknown-user", "The user is not registered"),
    DuplicateEvent: ProblemType(409, "duplicate-event", "Another event stands at this moment"),
    DuplicateUser: ProblemType(409, "duplicate-user", "Another user has this id or this email"),
    NoFreeUserId: ProblemType(409, "no-free-user-id", "There is no id to give to the user"),
    NotReady: ProblemType(503, "not-ready", "The service cannot do its work"),
    Unavailable: ProblemType(
        503,
        "unavailable",
        "The service cannot answer now",
        "the database cannot be reached or is overloaded; send the same request again, "
        "an event before the user's next one",
        retry_after=1,
    ),
}


def refusals_of(*exceptions: type[Exception], takes_body: bool, open_to_all: bool = False) -> dict[int, Any]:
    """Describe the refusals of a view: those of the exceptions, and those that any view of its sort may give."""
    problems = [_problem_of(exception) for exception in exceptions]
    return refusals(problems, takes_body=takes_body, open_to_all=open_to_all)


def _problem_of(exception: type[Exception]) -> ProblemType:
    """Return what a client sees for one of ours, or one of HTTP's such as `NotFound`."""
    if issubclass(exception, HTTPException) and exception.code is not None:
        return OF_HTTP[exception.code]
    return PROBLEMS[exception]
