"""Which refusal a client sees for which exception: the one place that knows both."""

from app.events.domain import DuplicateEvent, OutOfOrder, UnknownUser
from lib.json_requests import InvalidMembers, MalformedJson
from lib.problem_details import ProblemType
from lib.transactions import Unavailable

PROBLEMS: dict[type[Exception], ProblemType] = {
    MalformedJson: ProblemType(400, "malformed-json", "The body is no JSON object"),
    InvalidMembers: ProblemType(400, "invalid-event", "The event is not of the form that the contract asks for"),
    OutOfOrder: ProblemType(400, "out-of-order", "The event comes after a later one"),
    UnknownUser: ProblemType(404, "unknown-user", "The user is not registered"),
    DuplicateEvent: ProblemType(409, "duplicate-event", "Another event stands at this moment"),
    Unavailable: ProblemType(
        503,
        "unavailable",
        "The service cannot take the event now",
        "the database cannot be reached or is overloaded; send the same event again, before the user's next one",
        retry_after=1,
    ),
}
