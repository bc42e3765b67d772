"""Refusals as RFC 9457 problem details: one registry, from exceptions to what a client sees.

Exceptions carry no status codes; what a driver or a library says in its own words never leaves the process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, current_app, json, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from lib.bodies import MAX_BODY_SIZE, cut_short, too_large
from lib.body_forms import OtherMediaType
from lib.logs import get_logger
from lib.metrics.requests import refusal_count
from lib.request_ids import current_request_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:"  # A12

log = get_logger()


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal: `slug` ends its type, `retry_after` is in seconds.

    `detail` stands in for the exception's own text, where that is not for clients. `example` is an exception as it
    is raised, for those who read about the kind; one with a `detail` needs none.
    """

    status: int
    slug: str
    title: str
    detail: str = ""
    retry_after: int | None = None
    example: Exception | None = None


INTERNAL = ProblemType(
    500,
    "internal-error",
    "The service made a mistake",
    "the mistake is in the log under this request id; send the same request again or report the id",
)
OF_HTTP = {
    401: ProblemType(401, "unauthorized", "The request shows no valid key"),
    403: ProblemType(403, "forbidden", "The key does not allow this"),
    404: ProblemType(404, "not-found", "Nothing is here", "look at the path of the request"),
    405: ProblemType(405, "method-not-allowed", "The path does not take this method", "use one that Allow names"),
    408: ProblemType(408, "request-timeout", "The request did not arrive in time", example=cut_short()),
    413: ProblemType(413, "too-large", "The body is too large", example=too_large(MAX_BODY_SIZE)),
    415: ProblemType(
        415,
        "unsupported-media-type",
        "The body is not JSON",
        example=OtherMediaType(),
    ),
    429: ProblemType(
        429,
        "too-many-requests",
        "The limit of requests is reached",
        "wait for as many seconds as Retry-After says, then send the same request again",
    ),
}


def init_app(app: Flask, problems: Mapping[type[Exception], ProblemType]) -> None:
    """Answer every exception with a problem: those of the registry, HTTP's own, and defects with a plain 500."""
    for exception, problem_type in problems.items():
        app.register_error_handler(exception, _handler(problem_type))
    for known in (*problems.values(), *OF_HTTP.values(), INTERNAL):
        refusal_count(known.slug)  # from zero: the first is a rise only for who saw the zero before it
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _internal_error)


def refusal_without_view(app: Flask, error: Exception) -> WSGIApplication:
    """Make an application that answers everything with the refusal of this exception, and waits for nothing."""

    def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with app.request_context(environ):
            return app.make_response(app.handle_user_exception(error))(environ, start_response)

    return refuse


def problem(problem_type: ProblemType, error: Exception) -> Response:
    """Make the answer that says what was refused, why, and under which request id; and log it."""
    members = members_of(problem_type, error, request.path, current_request_id())
    refusal_count(problem_type.slug).inc()
    log_refusal(problem_type, error)
    answer = Response(json.dumps(members) + "\n", problem_type.status, content_type=MEDIA_TYPE)
    if problem_type.retry_after is not None:
        answer.headers["Retry-After"] = str(problem_type.retry_after)
    return answer


def members_of(problem_type: ProblemType, error: Exception, instance: str, request_id: str) -> dict[str, object]:
    """Return what a problem says of this exception, member by member."""
    members: dict[str, object] = {
        "type": TYPE_PREFIX + problem_type.slug,
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem_type.detail or _said(error),
        "instance": instance,
        "request_id": request_id,
    }
    if errors := getattr(error, "errors", None):
        members["errors"] = errors
    return members


def _said(error: Exception) -> str:
    """Return the words of an exception; those of HTTP put status and name before them."""
    return error.description or "" if isinstance(error, HTTPException) else str(error)


Refusal = TypeVar("Refusal", bound=HTTPException)


def logged(error: Refusal) -> Refusal:
    """Mark a refusal of which whoever raises it has written what there is to write: no line is written of it here."""
    error.logged = True  # type: ignore[attr-defined]  # exceptions may carry what is said of them
    return error


def log_refusal(problem_type: ProblemType, error: Exception) -> None:
    """Write the line of a refusal: the client's to mend at info, ours at error, a defect with its traceback (A14)."""
    if getattr(error, "logged", False):
        return
    facts = {"status": problem_type.status, "problem": problem_type.slug, "path": request.path}
    if problem_type is INTERNAL:
        log.error("request failed", **facts, exc_info=error)
    elif problem_type.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", **facts, cause=str(error))
    elif isinstance(error, HTTPException):
        log.info("request refused", **facts)
    else:
        log.info("request refused", **facts, cause=str(error))


def _handler(problem_type: ProblemType) -> Callable[[Exception], Response]:
    return lambda error: problem(problem_type, error)


def _http_problem(error: HTTPException) -> Response:
    """Answer what Flask itself refuses; headers such as Allow come along."""
    if isinstance(error, MethodNotAllowed) and not _is_taken_with(error.valid_methods or ()):
        return _http_problem(NotFound())
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return cast("Response", error.get_response())  # a redirect is no refusal
    status = HTTPStatus(error.code)
    known = ProblemType(status, status.phrase.lower().replace(" ", "-"), status.phrase, "look at the request")
    answer = problem(OF_HTTP.get(status, known), error)
    for name, value in error.get_headers():
        if name != "Content-Type":
            answer.headers[name] = value
    return answer


def _is_taken_with(methods: Iterable[str]) -> bool:
    """Tell whether the path leads anywhere with one of these; the router names them before it looks at numbers."""
    paths = current_app.create_url_adapter(request)
    return paths is not None and any(paths.test(method=method) for method in methods)


def _internal_error(error: Exception) -> Response:
    return problem(INTERNAL, error)
