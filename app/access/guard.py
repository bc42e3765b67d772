"""Who may pass: every request shows a key whose scopes include what the operation asks for, unless it is open to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn, TypeVar
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, after_this_request, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, HTTPException, TooManyRequests, Unauthorized

from app.access.bookkeeper import Bookkeeper
from app.access.domain import Access, ApiKey, KeyRefusal, Scope
from app.access.key_cache import OLDEST, KeyCache
from app.access.last_used import LastUsed
from app.access.origins import comes_from_foreign_page, comes_from_here, is_own_name
from app.access.refusals import Refusals
from lib.logs import get_logger
from lib.problem_details import logged
from lib.request_ids import milliseconds_so_far

log = get_logger()

View = TypeVar("View", bound=Callable[..., object])

SCHEME = "bearer"
OLDEST_FOR_METRICS = 600.0  # seconds: whoever watches a broken database must not be locked out by it (A21)
ANY_SCOPE = "any"
NO_KEY = "none"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = "/health/"
PERSONAL = frozenset({Scope.EVENTS_READ, Scope.USERS_READ, Scope.ALERTS_READ})
LOGGED_ELSEWHERE = frozenset({NO_KEY, ANY_SCOPE, Scope.EVENTS_WRITE})  # an event has a line of its own, with its key
TOO_MANY = 429
LONGEST_QUERY = 200  # characters of it in the log


def asks_for(scope: Scope) -> Callable[[View], View]:
    """Declare which scope a key needs for a view; one that declares nothing asks for a key of any scope."""
    return lambda view: _marked(view, scope)


def open_to_all(view: View) -> View:
    """Declare that a view needs no key."""
    return _marked(view, NO_KEY)


def _marked(view: View, scope: str) -> View:
    view.scope = scope  # type: ignore[attr-defined]  # functions may carry what is said of them
    return view


def scope_of(view: object) -> str:
    """Return what a view asks for: a scope, `ANY_SCOPE` or `NO_KEY`."""
    return str(getattr(view, "scope", ANY_SCOPE))


def requested_scope() -> str:
    """Return what the view of this request asks for; a path without a view asks for any key."""
    return scope_of(current_app.view_functions.get(request.endpoint or ""))


def current_key() -> ApiKey | None:
    """Return the key of this request, where one was asked for."""
    key: ApiKey | None = g.get("api_key")
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Who passes without a key; by which `names` beside those of this machine the service may be called.

    Without keys any other name is refused, since a browser can be led here by a name that somebody else owns; with
    keys only where `names_bind_keys`.
    """

    access: Access
    names: frozenset[str]
    names_bind_keys: bool
    keys: KeyCache
    last_used: LastUsed
    refusals: Refusals
    bookkeeper: Bookkeeper

    def admit(self, environ: WSGIEnvironment, scope: str) -> ApiKey | None:
        """Return whose key this request shows, `None` where none is asked for; raises what refuses it."""
        if environ["REQUEST_METHOD"] not in READING and comes_from_foreign_page(environ):
            self._refuse("page of another site", foreign_page())
        if scope == NO_KEY:
            return None  # whatever the service is called by: nothing in it is secret
        # Without a key: all, or what comes from this machine itself (A39).
        is_open = self.access is Access.OPEN or (self.access is Access.LOCAL and comes_from_here(environ))
        if is_open or self.names_bind_keys:
            host = environ.get("HTTP_HOST")
            if host and not is_own_name(host, self.names) and not environ["PATH_INFO"].startswith(HEALTH):
                self._refuse("name of another host", foreign_name(host))
        return None if is_open else self._allowed_key(environ.get("HTTP_AUTHORIZATION", ""), scope)

    def _allowed_key(self, shown: str, scope: str) -> ApiKey:
        scheme, _, secret_key = shown.partition(" ")
        if scheme.lower() != SCHEME:
            self._refuse("no key", without_key(), limited=True)
        key = self._known(secret_key.strip(), OLDEST_FOR_METRICS if scope == Scope.METRICS_READ else OLDEST)
        state = self.keys.state(key)
        if state != "valid":
            detail = f"this key is {state}; ask for a new one"
            self._refuse(f"{state} key", _unauthorized(detail, error="invalid_token"), key=key)
        # A use is that of a key which is honoured, whatever comes of the request (A30).
        self.last_used.touch(key.prefix, datetime.now(UTC))
        self.bookkeeper.begin()
        if scope != ANY_SCOPE and scope not in key.scopes:
            self._refuse(f"no scope {scope}", scope_missing(scope), key=key)
        return key

    def _known(self, secret_key: str, oldest: float) -> ApiKey:
        key = self.keys.authenticate(secret_key, oldest=oldest)
        if key is None and not self.refusals.exhausted(request.remote_addr):
            key = self.keys.look_for(secret_key)
        if key is None:
            detail = "no such key is known here; look whether it was copied whole, or was revoked"
            self._refuse("unknown key", _unauthorized(detail, error="invalid_token"), limited=True)
        return key

    def _refuse(
        self, reason: str, answer: HTTPException, *, key: ApiKey | None = None, limited: bool = False
    ) -> NoReturn:
        """Write it down and raise the answer; of the `limited` ones an address gets so many in full (A40)."""
        exhausted = limited and self.refusals.exhausted(request.remote_addr)
        self.refusals.note(reason, request.remote_addr, request.path, key)
        self.bookkeeper.begin()
        if key:
            self.last_used.refuse(key.id, _refusal(reason))
        raise logged(TooManyRequests(retry_after=self.refusals.seconds_left()) if exhausted else answer)


def init_app(app: Flask, entrance: Entrance) -> None:
    """Have every request of an application pass the entrance, those for paths that do not exist included."""

    @app.before_request
    def admit() -> None:
        asked = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # once, not at each use
        scope = scope_of(app.view_functions.get(asked.endpoint or ""))
        if key := entrance.admit(asked.environ, scope):
            g.api_key = key
        if scope in PERSONAL or (key and scope not in LOGGED_ELSEWHERE):
            after_this_request(write_line_of_use)


def write_line_of_use(answer: Response) -> Response:
    """Write who read whose data, or used a key for what: for those who have to answer for it later."""
    if answer.status_code != TOO_MANY:
        key = current_key()
        log.info(
            "personal data read" if requested_scope() in PERSONAL else "key used",
            method=request.method,
            path=request.path,
            query=request.query_string[:LONGEST_QUERY].decode("ascii", "replace"),
            status=answer.status_code,
            address=request.remote_addr,
            key_id=key.id if key else None,
            key_prefix=key.prefix if key else None,
            duration_ms=milliseconds_so_far(),
        )
    return answer


def _refusal(reason: str) -> KeyRefusal:
    route = request.url_rule.rule if request.url_rule else "no such path"
    return KeyRefusal(at=datetime.now(UTC), reason=reason, address=request.remote_addr or "unknown", route=route)


def without_key() -> Unauthorized:
    """Return what is raised where no key is shown."""
    return _unauthorized("send a key of yours as Authorization: Bearer …")


def scope_missing(scope: str) -> Forbidden:
    """Return what is raised where a key lacks a scope."""
    return Forbidden(f"this key may not do that: it lacks the scope {scope}; ask for a key that has it")


def foreign_page() -> Forbidden:
    """Return what is raised where a browser sends a change for a page of somebody else."""
    return Forbidden("a page of another site may change nothing here; send the request from a program or from /docs")


def foreign_name(host: str) -> Forbidden:
    """Return what is raised where the service is called by a name that is not known to be its own."""
    return Forbidden(f"this service does not answer to {host!r:.100}; call it by 127.0.0.1, or name it in HOSTS")


def _unauthorized(detail: str, **told: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=WWWAuthenticate(SCHEME, {"realm": "activity-alerts", **told}))
