"""Which refusal a client sees for which exception: the one place that knows both."""

from dataclasses import replace
from typing import Any

from werkzeug.exceptions import HTTPException

from app.access.domain import Scope
from app.access.guard import scope_missing, without_key
from app.alerts.domain import NoSuchAlert, Place
from app.events.domain import DuplicateEvent, OutOfOrder, UnknownUser
from app.events.reading.domain import StillAddingUp
from app.events.schemas import InvalidEvent
from app.health.domain import NotReady, Unready
from app.rulebook import examples
from app.rulebook.domain import LiveEditionChanged, NoSuchEdition, SameEyes, WrongStep
from app.rulebook.forms import InvalidRules
from app.rulebook.watch import NOTHING_LIVE, NoRuleBook
from app.users.domain import DuplicateUser, NoFreeUserId
from lib.admission import NoPlace
from lib.fields import GREATEST
from lib.json_requests import InvalidMembers, MalformedJson
from lib.problem_details import OF_HTTP, ProblemType
from lib.problem_documents import refusals
from lib.transactions import Unavailable

UNAVAILABLE = ProblemType(
    503,
    "unavailable",
    "The service cannot answer now",
    "the database cannot be reached or is overloaded; send the same request again, an event before the user's next one",
    retry_after=1,
)
PROBLEMS: dict[type[Exception], ProblemType] = {
    MalformedJson: ProblemType(
        400,
        "malformed-json",
        "The body is no JSON object",
        example=MalformedJson("the body must be a JSON object: { … }"),
    ),
    InvalidEvent: ProblemType(
        400,
        "invalid-event",
        "The event is not of the form that the contract asks for",
        example=InvalidEvent({"amount": ["Must be above zero."], "t": ["Must be a JSON integer."]}),
    ),
    InvalidMembers: ProblemType(400, "invalid-request", "The request is not of the form that this path asks for"),
    OutOfOrder: ProblemType(
        400,
        "out-of-order",
        "The event comes after a later one",
        example=OutOfOrder(user_id=1, t=9, latest=10),
    ),
    UnknownUser: ProblemType(
        404,
        "unknown-user",
        "The user is not registered",
        example=UnknownUser(1),
    ),
    DuplicateEvent: ProblemType(
        409,
        "duplicate-event",
        "Another event stands at this moment",
        example=DuplicateEvent(user_id=1, t=10),
    ),
    DuplicateUser: ProblemType(
        409,
        "duplicate-user",
        "Another user has this id or this email",
        example=DuplicateUser(["user_id", "email"]),
    ),
    NoFreeUserId: ProblemType(
        409,
        "no-free-user-id",
        "There is no id to give to the user",
        example=NoFreeUserId(GREATEST),
    ),
    NoSuchAlert: ProblemType(
        404,
        "unknown-alert",
        "No such alert is stored",
        example=NoSuchAlert(Place(t=1, user_id=1, code=1), shadow=False),
    ),
    StillAddingUp: ProblemType(
        503,
        "still-adding-up",
        "The user's events are not added up yet",
        retry_after=1,
        example=StillAddingUp(1),
    ),
    InvalidRules: ProblemType(
        400,
        "invalid-rules",
        "These rules cannot be saved",
        example=InvalidRules(
            {"rule 123, seconds": ["Must be greater than or equal to 1 and less than or equal to 2678400."]}
        ),
    ),
    NoSuchEdition: ProblemType(404, "unknown-edition", "There is no such edition"),
    WrongStep: ProblemType(409, "wrong-step", "The edition does not stand where this step begins"),
    LiveEditionChanged: ProblemType(
        409,
        "live-edition-changed",
        "Another edition is live than the one that this would replace",
        example=examples.PUBLISHED_MEANWHILE,
    ),
    SameEyes: ProblemType(
        403,
        "same-eyes",
        "Somebody else than the author has to publish",
        example=examples.WRITTEN_BY_ITS_PUBLISHER,
    ),
    NotReady: ProblemType(
        503, "not-ready", "The service cannot do its work", example=NotReady(Unready.DATABASE_UNREACHABLE)
    ),
    NoRuleBook: ProblemType(
        503,
        "not-ready",
        "The service cannot do its work",
        retry_after=1,
        example=NoRuleBook(NOTHING_LIVE),
    ),
    Unavailable: UNAVAILABLE,
    NoPlace: UNAVAILABLE,
}
# Whoever needs a key may be told so, be turned away when all threads are taken, or find the keys out of reach.
OF_EVERY_KEY = (
    replace(OF_HTTP[401], example=without_key()),
    replace(OF_HTTP[403], example=scope_missing(Scope.EVENTS_WRITE)),
    OF_HTTP[429],
    PROBLEMS[Unavailable],
)


def refusals_of(*refused: type[Exception] | Exception, takes_body: bool, open_to_all: bool = False) -> dict[int, Any]:
    """Describe the refusals of a view: those of the exceptions, and those that any view of its sort may give.

    An exception instead of its class is the example where the words of the registry are not those of this view.
    """
    problems = [*map(_problem_type, refused), *(() if open_to_all else OF_EVERY_KEY)]
    return refusals({problem.slug: problem for problem in problems}.values(), takes_body=takes_body)


def _problem_type(refused: type[Exception] | Exception) -> ProblemType:
    if isinstance(refused, type):
        of_http = issubclass(refused, HTTPException) and OF_HTTP.get(refused.code or 0)
        return of_http or PROBLEMS[refused]
    known = OF_HTTP[refused.code or 0] if isinstance(refused, HTTPException) else PROBLEMS[type(refused)]
    return replace(known, example=refused)
