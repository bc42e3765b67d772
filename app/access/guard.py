"""Who may pass: every request shows a key whose scopes include what the operation asks for."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

from flask import Flask, current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from app.access.controllers import OLDEST, KeyRing
from app.access.domain import ApiKey, Scope
from app.access.last_used import LastUsed
from lib.logs import get_logger

log = get_logger()

View = TypeVar("View", bound=Callable[..., object])

SCHEME = "bearer"
OLDEST_FOR_METRICS = 600.0  # seconds: whoever watches a broken database must not be locked out by it (A21)
ANY_SCOPE = "any"
NO_KEY = "none"


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


def init_app(app: Flask, ring: KeyRing, last_used: LastUsed) -> None:
    """Have every request of an application show a key, those for paths that do not exist included."""

    @app.before_request
    def admit() -> None:
        scope = scope_of(app.view_functions.get(request.endpoint or ""))
        if scope != NO_KEY:
            shown = request.environ.get("HTTP_AUTHORIZATION", "")
            g.api_key = _allowed_key(ring, last_used, scope, shown)


def _allowed_key(ring: KeyRing, last_used: LastUsed, scope: str, shown: str) -> ApiKey:
    scheme, _, secret_key = shown.partition(" ")
    if scheme.lower() != SCHEME:
        _write_log_line("no key", None)
        raise without_key()
    oldest = OLDEST_FOR_METRICS if scope == Scope.METRICS_READ else OLDEST
    key = ring.recognise(secret_key.strip(), oldest=oldest)
    if key is None:
        _refuse_unknown("unknown key", "no such key is known here; look whether it was copied whole")
    now = datetime.now(UTC)
    state = key.state(now)
    if state != "valid":
        _refuse_unknown(f"{state} key", f"this key is {state}; ask for a new one", key)
    last_used.touch(key.prefix, now)  # a use is that of a key which is honoured, whatever comes of the request
    if scope != ANY_SCOPE and scope not in key.scopes:
        _write_log_line(f"no scope {scope}", key)
        raise scope_missing(scope)
    return key


def without_key() -> Unauthorized:
    """Return what is raised where no key is shown."""
    return _unauthorized("send a key of yours as Authorization: Bearer …")


def scope_missing(scope: str) -> Forbidden:
    """Return what is raised where a key lacks a scope."""
    return Forbidden(f"this key may not do that: it lacks the scope {scope}; ask for a key that has it")


def _unauthorized(detail: str, **told: str) -> Unauthorized:
    return Unauthorized(detail, www_authenticate=WWWAuthenticate(SCHEME, {"realm": "activity-alerts", **told}))


def _refuse_unknown(reason: str, detail: str, key: ApiKey | None = None) -> NoReturn:
    _write_log_line(reason, key)
    raise _unauthorized(detail, error="invalid_token")


def _write_log_line(reason: str, key: ApiKey | None) -> None:
    """Write what was refused and to whom; of a key only what is public, and only of one that is ours."""
    known = {"key_prefix": key.prefix, "key_name": key.name} if key else {}
    log.warning("access refused", reason=reason, address=request.remote_addr, path=request.path, **known)
