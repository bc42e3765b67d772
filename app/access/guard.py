"""Access control: a request needs a key with the scope that its operation requires, unless it may do without."""

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
from app.access.origins import is_cross_site, is_known_host, is_local
from app.access.refusals import Refusals
from lib.logs import get_logger
from lib.problem_details import LOG_FACTS, logged, logged_path
from lib.request_ids import milliseconds_so_far

log = get_logger()

View = TypeVar("View", bound=Callable[..., object])

SCHEME = "bearer"
OLDEST_FOR_METRICS = 600.0  # seconds; a broken database must not lock out those who monitor it (A21)
ANY_SCOPE = "any"
NO_KEY = "none"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = "/health/"
PERSONAL = frozenset({Scope.EVENTS_READ, Scope.USERS_READ, Scope.ALERTS_READ, Scope.CASES_READ})
LOGGED_ELSEWHERE = frozenset({NO_KEY, ANY_SCOPE, Scope.EVENTS_WRITE})  # the line of an event names its key
TOO_MANY = 429
MAX_LOGGED_QUERY = 200  # characters


def require_scope(scope: Scope) -> Callable[[View], View]:
    """Declare the scope that a view requires; a view without a declaration requires a key of any scope."""
    return lambda view: _with_scope(view, scope)


def public(view: View) -> View:
    """Declare that a view needs no key."""
    return _with_scope(view, NO_KEY)


def _with_scope(view: View, scope: str) -> View:
    view.scope = scope  # type: ignore[attr-defined]  # functions can carry attributes
    return view


def scope_of(view: object) -> str:
    """Return what a view requires: a scope, `ANY_SCOPE` or `NO_KEY`."""
    return str(getattr(view, "scope", ANY_SCOPE))


def required_scope() -> str:
    """Return what the view of this request requires; a path without a view requires a key of any scope."""
    return scope_of(current_app.view_functions.get(request.endpoint or ""))


def current_key() -> ApiKey | None:
    """Return the key of this request; None if it needed none."""
    key: ApiKey | None = g.get("api_key")
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Decides which requests are admitted; `names` are the host names of the service beside those of this machine.

    Where no key is needed, requests are refused under any other name, since somebody else's domain can lead a browser
    here; where keys are required, only if `names_bind_keys`. Health is exempt.
    """

    access: Access
    names: frozenset[str]
    names_bind_keys: bool
    keys: KeyCache
    last_used: LastUsed
    refusals: Refusals
    bookkeeper: Bookkeeper

    def check(self) -> None:
        """Raise an exception if every event needs a key and none could be admitted now."""
        if self.access is Access.KEYS:
            self.keys.check()

    def admit(self, environ: WSGIEnvironment, scope: str) -> ApiKey | None:
        """Return the key of a request, `None` if it needs none; raises the refusal."""
        if environ["REQUEST_METHOD"] not in READING and is_cross_site(environ):
            self._refuse("page of another site", cross_site(), limited=True)
        # No key is needed by anybody, or by programs on this machine (A39).
        is_open = self.access is Access.OPEN or (self.access is Access.LOCAL and is_local(environ))
        if is_open or self.names_bind_keys:
            host = environ.get("HTTP_HOST")
            if host and not is_known_host(host, self.names) and not environ["PATH_INFO"].startswith(HEALTH):
                self._refuse("name of another host", unknown_host(host), limited=True)
        if is_open or scope == NO_KEY:
            return None
        return self._allowed_key(environ.get("HTTP_AUTHORIZATION", ""), scope)

    def _allowed_key(self, shown: str, scope: str) -> ApiKey:
        scheme, _, secret_key = shown.partition(" ")
        if scheme.lower() != SCHEME:
            self._refuse("no key", key_missing(), limited=True)
        key = self._authenticated(secret_key.strip(), OLDEST_FOR_METRICS if scope == Scope.METRICS_READ else OLDEST)
        state = self.keys.state(key)
        if state != "valid":
            detail = f"this key is {state}; ask for a new one"
            self._refuse(f"{state} key", _unauthorized(detail, error="invalid_token"), key=key)
        # A key counts as used once it is honoured, whatever comes of the request (A30).
        self.last_used.touch(key.prefix, datetime.now(UTC))
        self.bookkeeper.begin()
        if scope != ANY_SCOPE and scope not in key.scopes:
            self._refuse(f"no scope {scope}", scope_missing(scope), key=key)
        return key

    def _authenticated(self, secret_key: str, oldest: float) -> ApiKey:
        key = self.keys.authenticate(secret_key, oldest=oldest)
        if key is None and not self.refusals.exhausted(request.remote_addr):
            key = self.keys.look_up(secret_key)
        if key is None:
            detail = "this key is unknown; check that it was copied whole and has not been revoked"
            self._refuse("unknown key", _unauthorized(detail, error="invalid_token"), limited=True)
        return key

    def _refuse(
        self, reason: str, answer: HTTPException, *, key: ApiKey | None = None, limited: bool = False
    ) -> NoReturn:
        """Record the refusal and raise it; an address gets only so many `limited` ones in full (A40)."""
        exhausted = limited and self.refusals.exhausted(request.remote_addr)
        self.refusals.record(reason, request.remote_addr, logged_path(), key)
        self.bookkeeper.begin()
        if key:
            self.last_used.record_refusal(key.id, _refusal(reason))
        raise logged(TooManyRequests(retry_after=self.refusals.seconds_left()) if exhausted else answer)


def init_app(app: Flask, entrance: Entrance) -> None:
    """Have every request of the application pass the entrance first, those for unknown paths included."""

    @app.before_request
    def admit() -> None:
        current = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # once, not at each use
        scope = scope_of(app.view_functions.get(current.endpoint or ""))
        if key := entrance.admit(current.environ, scope):
            g.api_key = key
            setattr(g, LOG_FACTS, {"key_id": key.id})
        if scope in PERSONAL or (key and scope not in LOGGED_ELSEWHERE):
            after_this_request(log_use)


def log_use(answer: Response) -> Response:
    """Log who read whose data, or used a key for what, for those who have to account for it later."""
    if answer.status_code != TOO_MANY:
        key = current_key()
        log.info(
            "personal data read" if required_scope() in PERSONAL else "key used",
            method=request.method,
            path=request.path,
            query=request.query_string[:MAX_LOGGED_QUERY].decode("ascii", "replace"),
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


def key_missing() -> Unauthorized:
    """Return the refusal of a request without a key."""
    return _unauthorized("send your key as Authorization: Bearer …")


def scope_missing(scope: str) -> Forbidden:
    """Return the refusal of a key that lacks a scope."""
    return Forbidden(f"this key lacks the scope {scope}; use a key that has it")


def cross_site() -> Forbidden:
    """Return the refusal of a change that a browser sends for a page of another site."""
    return Forbidden("pages of other sites may not change anything here; send the request from a program or from /docs")


def unknown_host(host: str) -> Forbidden:
    """Return the refusal of a request whose `Host` is not a known name of the service."""
    return Forbidden(f"{host!r:.100} is not a known name of this service; use 127.0.0.1, or add the name to HOSTS")


def _unauthorized(detail: str, **parameters: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=WWWAuthenticate(SCHEME, {"realm": "activity-alerts", **parameters}))
