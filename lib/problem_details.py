"""Error responses as RFC 9457 problem details: one registry maps exceptions to what a client sees.

Exceptions carry no status codes, and the wording of drivers and libraries never leaves the process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from lib.bodies import MAX_BODY_SIZE, cut_short, too_large
from lib.body_forms import NotJson
from lib.logs import get_logger
from lib.metrics.requests import refusal_count
from lib.request_ids import current_request_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:"  # A12
PAGES = "problem_pages"  # in an application's `extensions`
LINKS = "secret_links"  # in an application's `extensions`
LOG_FACTS = "log_facts"  # in Flask's `g`: what else is known of a request, for the line of its problem

log = get_logger()


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its `type` ends with `slug`; `retry_after` is in seconds.

    `detail` replaces the exception's own text where clients must not see that. `example` is an exception as it is
    raised, for the documentation; a kind with a `detail` needs none. `new_slug` replaces `slug` in the next release;
    until then the member `new_type` announces it.
    """

    status: int
    slug: str
    title: str
    detail: str = ""
    retry_after: int | None = None
    example: Exception | None = None
    new_slug: str = ""


INTERNAL = ProblemType(
    500,
    "internal-error",
    "Internal error",
    "the error is in the log under this request id; send the same request again, or report the id",
)
OF_HTTP = {
    401: ProblemType(401, "unauthorized", "The request has no valid key"),
    403: ProblemType(403, "forbidden", "The key does not allow this"),
    404: ProblemType(404, "not-found", "Not found", "check the path of the request"),
    405: ProblemType(405, "method-not-allowed", "Method not allowed", "use a method that the Allow header lists"),
    408: ProblemType(408, "request-timeout", "The request did not arrive in time", example=cut_short()),
    413: ProblemType(413, "too-large", "The body is too large", example=too_large(MAX_BODY_SIZE)),
    415: ProblemType(
        415,
        "unsupported-media-type",
        "The body is not JSON",
        example=NotJson(),
    ),
    429: ProblemType(
        429,
        "too-many-requests",
        "Too many requests",
        "wait for the seconds in Retry-After, then send the same request again",
    ),
}


def init_app(app: Flask, problems: Mapping[type[Exception], ProblemType]) -> None:
    """Answer every exception with a problem: those of the registry, HTTP errors, and any other as a plain 500."""
    for exception, problem_type in problems.items():
        app.register_error_handler(exception, _handler(problem_type))
    for known in (*problems.values(), *OF_HTTP.values(), INTERNAL):
        refusal_count(known.slug)  # starts at zero: Prometheus sees a first refusal as a rise only if it saw the zero
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _internal_error)


def pages_under(app: Flask, prefix: str, show: Callable[[ProblemType, str], Response]) -> None:
    """Answer with a page for people, which `show` makes of a problem and its detail, at a path and below it."""
    app.extensions[PAGES] = (prefix, show)


def hide_below(app: Flask, *prefixes: str) -> None:
    """Keep what follows these beginnings of paths out of the log: it is a secret."""
    app.extensions[LINKS] = prefixes


def logged_path() -> str:
    """Return the path of the request as the log may have it."""
    prefixes: Iterable[str] = current_app.extensions.get(LINKS, ())
    return next((f"{prefix}-" for prefix in prefixes if request.path.startswith(prefix)), request.path)


def refusal_without_view(app: Flask, error: Exception) -> WSGIApplication:
    """Return a WSGI application that answers every request at once with the problem of this exception."""

    def refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with app.request_context(environ):
            return app.make_response(app.handle_user_exception(error))(environ, start_response)

    return refuse


def problem(problem_type: ProblemType, error: Exception) -> Response:
    """Return the response that says what was refused and why, with the request id; log and count it."""
    members = recorded(problem_type, error)
    answer = _page(problem_type, str(members["detail"])) or Response(
        json.dumps(members) + "\n", problem_type.status, content_type=MEDIA_TYPE
    )
    if problem_type.retry_after is not None:
        answer.headers["Retry-After"] = str(problem_type.retry_after)
    return answer


def _page(problem_type: ProblemType, detail: str) -> Response | None:
    prefix, show = current_app.extensions.get(PAGES, ("", None))
    is_under = request.path == prefix or request.path.startswith(f"{prefix}/")
    return show(problem_type, detail) if show and is_under else None


def recorded(problem_type: ProblemType, error: Exception) -> dict[str, object]:
    """Return the members of a problem of this request, or of one part of it; log and count it."""
    refusal_count(problem_type.slug).inc()
    _log(problem_type, error)
    return members_of(problem_type, error, request.path, current_request_id())


def members_of(problem_type: ProblemType, error: Exception, instance: str, request_id: str) -> dict[str, object]:
    """Return the members of the problem for this exception."""
    members: dict[str, object] = {
        "type": TYPE_PREFIX + problem_type.slug,
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem_type.detail or _text_of(error),
        "instance": instance,
        "request_id": request_id,
    }
    if problem_type.new_slug:
        members["new_type"] = TYPE_PREFIX + problem_type.new_slug
    if errors := getattr(error, "errors", None):
        members["errors"] = errors
    return members


def _text_of(error: Exception) -> str:
    """Return the text of an exception; `str` of an HTTP error would put status and name before it."""
    return error.description or "" if isinstance(error, HTTPException) else str(error)


_Error = TypeVar("_Error", bound=HTTPException)


def logged(error: _Error) -> _Error:
    """Mark an exception that its raiser has already logged, so that it is not logged again here."""
    error.logged = True  # type: ignore[attr-defined]  # an exception takes any attribute
    return error


def _log(problem_type: ProblemType, error: Exception) -> None:
    """Log a problem: one that the client can fix at info, ours at error, a defect with its traceback (A14)."""
    if getattr(error, "logged", False):
        return
    facts = {"status": problem_type.status, "problem": problem_type.slug, "path": logged_path(), **g.get(LOG_FACTS, {})}
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
    """Answer an HTTP error, with its own headers such as Allow."""
    if isinstance(error, MethodNotAllowed) and not _path_exists(error.valid_methods or ()):
        return _http_problem(NotFound())
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return cast("Response", error.get_response())  # a redirect is not an error
    status = HTTPStatus(error.code)
    generic = ProblemType(status, status.phrase.lower().replace(" ", "-"), status.phrase, "check the request")
    answer = problem(OF_HTTP.get(status, generic), error)
    for name, value in error.get_headers():
        if name != "Content-Type":
            answer.headers[name] = value
    return answer


def _path_exists(methods: Iterable[str]) -> bool:
    """Return whether the path has one of these methods: the router lists them before it has checked its numbers."""
    paths = current_app.create_url_adapter(request)
    return paths is not None and any(paths.test(method=method) for method in methods)


def _internal_error(error: Exception) -> Response:
    return problem(INTERNAL, error)
