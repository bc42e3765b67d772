"""Errors as pages: of the console's own steps, and whatever else happens under its paths."""

from urllib.parse import quote

from flask import Flask, Response, redirect, request
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.access.domain import InactiveKey, NoSuchKey
from app.backtest.jobs.domain import JobRefused, NoSuchJob
from app.cases.refusals import CaseRefusal, NoSuchCase
from app.console.answers import page
from app.console.entrance import console, session_or_none
from app.console.forms import OF_THE_WHOLE
from app.interactions.refusals import NoSuchAction, NoSuchEvaluation, NoSuchInteraction
from app.players.domain import NotRegistered
from app.rulebook.domain import LiveEditionChanged, NoSuchEdition, RuleBookRefused
from app.staff.domain import LinkExpired, NoSuchAccount, StaffRefusal
from app.staff.passwords import Busy
from app.staff.permissions import NotConfirmed, NotPermitted
from app.webhooks.requests import EndpointGone, NoSuchDelivery, NoSuchEndpoint
from lib.logs import get_logger
from lib.problem_details import ProblemType, pages_under
from lib.request_ids import current_request_id

PATH = "/console"
SHOWN = {405: 404, 408: 400, 413: 400, 415: 400}  # whose words fit a status that has none of its own
OWN_WORDS = (400, 403, 413)  # whose exceptions say more than the page does

log = get_logger()


def error_page(status: int, what: str = "") -> Response:
    """Return the page of an error."""
    start = ("/console", "Go to the start") if session_or_none() else ("/console/login", "Sign in")
    return page(
        "console/error.html.j2",
        status=status,
        code=status,
        shown=SHOWN.get(status, status),
        what=what,
        links=[start],
        request_id=current_request_id(),
    )


def problem_page(problem_type: ProblemType, detail: str) -> Response:
    """Return the page of a problem that no page of the console answers itself."""
    return error_page(problem_type.status, sentence(detail) if problem_type.status in OWN_WORDS else "")


def sentence(text: str) -> str:
    """Return a message as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def told(error: Exception) -> str:
    """Return why a step was refused; what the rule book would have done next is a request, which no page shows."""
    if isinstance(error, LiveEditionChanged):
        return "another edition was published since you opened the page"
    return error.refusal if isinstance(error, RuleBookRefused) else str(error)


def refused(error: CaseRefusal) -> dict[str, list[str]]:
    """Return why a step with a case was refused, as the error of the form's field, or of the whole form."""
    return {error.field or OF_THE_WHOLE: [sentence(str(error))]}


@console.errorhandler(NotPermitted)
def show_forbidden(error: NotPermitted) -> Response:
    """Say which permission is missing."""
    found = session_or_none()
    who = found.actor.name if found else ""
    log.info("step refused", permission=error.permission.value, path=request.path, who=who)
    return error_page(403, sentence(str(error)))


@console.errorhandler(NotConfirmed)
def ask_for_code(_: NotConfirmed) -> AnyResponse:
    """Ask for a code, then lead back to the page that the step belongs to: a step's path is that page's and a word."""
    back = request.path.rpartition("/")[0] if request.method == "POST" else request.path
    return redirect(f"/console/confirm?next={quote(back, safe='/')}", 303)


@console.errorhandler(NoSuchAction)
@console.errorhandler(EndpointGone)
@console.errorhandler(NoSuchDelivery)
@console.errorhandler(NoSuchEndpoint)
@console.errorhandler(NoSuchKey)
@console.errorhandler(NotRegistered)
@console.errorhandler(NoSuchCase)
@console.errorhandler(NoSuchEvaluation)
@console.errorhandler(NoSuchInteraction)
@console.errorhandler(NoSuchAccount)
@console.errorhandler(NoSuchEdition)
@console.errorhandler(NoSuchJob)
@console.errorhandler(LinkExpired)
def show_missing(error: Exception) -> Response:
    """Say that there is nothing at this address."""
    return error_page(404, sentence(told(error)))


@console.errorhandler(InactiveKey)
@console.errorhandler(CaseRefusal)
@console.errorhandler(RuleBookRefused)
@console.errorhandler(JobRefused)
@console.errorhandler(StaffRefusal)
def show_conflict(error: Exception) -> Response:
    """Say why the step was not taken."""
    return error_page(409, sentence(told(error)))


@console.errorhandler(ValidationError)
def show_invalid(error: ValidationError) -> Response:
    """Say what is wrong with a step that has no form to show it beside."""
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
    return error_page(400, " ".join(str(each) for found in messages.values() for each in found))


@console.errorhandler(Busy)
def show_busy(error: Busy) -> Response:
    """Say that nothing was checked."""
    return error_page(503, sentence(str(error)))


def init_app(app: Flask) -> None:
    """Answer with pages under the console's path, whatever happens there."""
    pages_under(app, PATH, problem_page)
