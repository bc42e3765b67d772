"""Who may ask for a page: a browser in which somebody is signed in, and for a step also a form of that session."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar, cast
from urllib.parse import quote

from apiflask import APIBlueprint
from flask import Response, current_app, g, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from app.access import guard
from app.access.origins import is_forwarded
from app.console.cookies import browser_cookie, is_page, session_cookie
from app.console.services import ConsoleServices
from app.staff import signing_in
from app.staff.domain import Session
from app.staff.signing_in import Browser
from app.staff.tokens import form_token
from lib import services
from lib.concurrency import acquire_slot
from lib.html_forms import read_form

LOGIN = "/console/login"
OPEN = "open_page"  # an attribute of views that need no session
POLLED = "polled_page"  # an attribute of views that the script asks for by itself
BIG = "big_form"  # an attribute of views whose forms may be longer than others
BIG_FORM, BIG_FORM_FIELDS = 256 * 1024, 3000  # bytes; enough for a hundred rules of usual length
SEEN = "console_session"  # in Flask's `g`: session and token of the request
FORM = "console_form"  # in Flask's `g`: what was typed

View = TypeVar("View", bound=Callable[..., Any])

console = APIBlueprint("console", __name__, enable_openapi=False)


class StaleForm(Forbidden):
    """A form was made for another session, or for none."""

    description = (
        "This form was opened in a session that has ended. Nothing was changed: go back, load the page, send it again."
    )


def open_page(view: View) -> View:
    """Declare that a page needs no session."""
    setattr(view, OPEN, True)
    return view


def polled(view: View) -> View:
    """Declare that pages ask for this by themselves: it is no use of a session, which ends when nobody uses it."""
    setattr(view, POLLED, True)
    return view


def big_form(view: View) -> View:
    """Declare that a page takes a form with the rules of a whole edition."""
    setattr(view, BIG, True)
    return view


def public(view: View) -> View:
    """Declare that a page needs no key of a machine: sessions decide."""
    return guard.public(view)


def made() -> ConsoleServices:
    """Return what pages need."""
    return services.get(ConsoleServices)


@console.before_request
def enter() -> AnyResponse | None:
    """Read the form and find the session; send who is not signed in to the page for that."""
    if request.method == "POST":
        setattr(g, FORM, _typed())
    else:
        acquire_slot(request.environ)
    token = request.cookies.get(session_cookie(secure=made().secure), "")
    is_use = not hasattr(current_app.view_functions.get(request.endpoint or ""), POLLED)
    session = signing_in.authenticate(made().staff, token, is_use=is_use) if token else None
    setattr(g, SEEN, (session, token))
    if is_open(request.endpoint):
        return None
    if session is None:
        return redirect(login_address(), 303)
    if request.method == "POST" and not is_own_form(token):
        raise StaleForm
    return None


def _typed() -> "MultiDict[str, str]":
    if hasattr(current_app.view_functions.get(request.endpoint or ""), BIG):
        return read_form(request, size=BIG_FORM, most_fields=BIG_FORM_FIELDS)
    return read_form(request)


def is_own_form(token: str) -> bool:
    """Return whether the form was made for the session of this token."""
    return hmac.compare_digest(form().get("csrf", "").encode(), form_token(token).encode())


def is_open(endpoint: str | None) -> bool:
    """Return whether the page of this endpoint needs no session."""
    return hasattr(current_app.view_functions.get(endpoint or ""), OPEN)


def login_address() -> str:
    """Return the page for signing in that leads back to what was asked for, if that can be asked for again."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    return f"{LOGIN}?next={quote(wanted, safe='/')}" if is_page(wanted) and wanted != "/console" else LOGIN


def form() -> "MultiDict[str, str]":
    """Return what was typed."""
    return cast("MultiDict[str, str]", g.get(FORM) or MultiDict())


def form_key(step: str) -> str | None:
    """Return what tells a form from all others that are sent, None for one without an id.

    The same form with the same content, sent twice by the same person, is one step; with other content it is another.
    """
    typed = form()
    if not typed.get("form_id"):
        return None
    told = repr((step, session().account.id, sorted(typed.items(multi=True))))
    return sha256(told.encode()).hexdigest()[:32]


def session_or_none() -> Session | None:
    """Return the session of the request, if there is one."""
    return cast("tuple[Session | None, str]", g.get(SEEN, (None, "")))[0]


def session() -> Session:
    """Return the session of the request, which every page that is not open has."""
    found = session_or_none()
    assert found is not None  # noqa: S101  # `enter` has sent everybody else away
    return found


def cookie() -> str:
    """Return the secret of the session's cookie as the browser sent it, "" without one."""
    return cast("tuple[Session | None, str]", g.get(SEEN, (None, "")))[1]


def csrf() -> str:
    """Return the token of the session for forms; "" without a session."""
    found, token = cast("tuple[Session | None, str]", g.get(SEEN, (None, "")))
    return form_token(token) if found else ""


def browser() -> Browser:
    """Return from where the request comes."""
    address, agent = request.remote_addr or "unknown", request.headers.get("User-Agent", "")
    mark = request.cookies.get(browser_cookie(secure=made().secure), "")
    return Browser(address=address, agent=agent, is_direct=not is_forwarded(request.environ), mark=mark)


def next_page() -> str:
    """Return the page that was asked for before signing in or confirming, else the start."""
    wanted = (form() if request.method == "POST" else request.args).get("next", "")
    return wanted if is_page(wanted) else "/console"


@console.after_request
def forbid_caching(response: Response) -> Response:
    """Keep pages out of every cache, also that of the browser's back button after signing out."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def confirm(code: str) -> None:
    """Note that the session's owner has given a code again; raises `WrongCode`, `SignInDelayed` or `NoConsoleKey`."""
    signing_in.confirm(made().staff, session(), code)
    setattr(g, SEEN, (signing_in.authenticate(made().staff, cookie()), cookie()))
