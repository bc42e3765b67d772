"""The way in: the start, signing in and out, and proving again who one is."""

from flask import Response, redirect
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.console.answers import go_to, new_form, page
from app.console.cookies import clear_session, set_browser, set_session
from app.console.entrance import browser, console, cookie, form, made, next_page, open_page, session, session_or_none
from app.console.navigation import start_of
from app.console.rendering import NoticeKind
from app.staff import setting_up, signing_in
from app.staff.controllers import nobody_can_sign_in
from app.staff.domain import InvalidInput, LinkKind, SignInDelayed, SignInRefused, WrongCode
from app.staff.passwords import Busy
from app.staff.totp import picture
from lib.hints import command

FIRST = "staff invite you@example.com --role admin"
TOO_MANY = 429


@console.get("/console", strict_slashes=False)
def start() -> AnyResponse:
    """Lead to the page that a person begins with."""
    return redirect(start_of(session()), 303)


@console.get("/console/login")
@open_page
def show_login() -> AnyResponse:
    """Show the form for signing in, or, while nobody has an account, the command that invites the first one."""
    if session_or_none():
        return redirect(next_page(), 303)
    return login_page()


@console.post("/console/login")
@open_page
def log_in() -> AnyResponse:
    """Sign in."""
    typed = form()
    email, password, code = (typed.get(name, "") for name in ("email", "password", "code"))
    try:
        arrived = signing_in.sign_in(made().staff, email, password, code, browser(), cookie())
    except SignInDelayed as error:
        response = login_page(error, status=TOO_MANY)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    except SignInRefused as error:
        return login_page(error, status=403)
    except Busy as error:
        return login_page(error, status=503)
    answer = redirect(next_page(), 303)
    return with_session(answer, arrived)


def login_page(error: Exception | None = None, *, status: int = 200) -> Response:
    """Return the page for signing in, with what was wrong."""
    errors = {"_schema": [sentence(error)]} if error else {}
    shown = new_form("/console/login", values=form().copy(), errors=errors)
    first = command(FIRST) if nobody_can_sign_in(made().staff.database) else ""
    return page(
        "console/login.html.j2",
        status=status,
        form=shown,
        next=next_page(),
        first=first,
        plain=not made().secure,
    )


def sentence(error: Exception) -> str:
    """Return a refusal as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def with_session(answer: AnyResponse, arrived: signing_in.Arrived) -> AnyResponse:
    """Return the answer with the cookie of a new session, and the one that tells the browser the next time."""
    set_session(answer, arrived.token, secure=made().secure)
    set_browser(answer, arrived.mark, secure=made().secure)
    return answer


@console.post("/console/logout")
def log_out() -> AnyResponse:
    """Sign out."""
    signing_in.sign_out(made().staff, session())
    answer = go_to("/console/login", "You are signed out.")
    clear_session(answer, secure=made().secure)
    return answer


@console.get("/console/confirm")
def show_confirm() -> Response:
    """Ask for a code before a step that needs one."""
    return page("console/confirm.html.j2", form=new_form("/console/confirm"), next=next_page())


@console.post("/console/confirm")
def confirm() -> AnyResponse:
    """Take a code, and lead back."""
    try:
        signing_in.confirm(made().staff, session(), form().get("code", ""))
    except (WrongCode, SignInDelayed) as error:
        shown = new_form("/console/confirm", errors={"code": [sentence(error)]})
        return page("console/confirm.html.j2", status=403, form=shown, next=next_page())
    return go_to(next_page(), "Thank you. You are not asked again for ten minutes.", kind=NoticeKind.INFO)


@console.get("/console/welcome/<token>")
@open_page
def show_welcome(token: str) -> Response:
    """Show the form with which somebody sets up an account."""
    return welcome_page(setting_up.look_up_link(made().staff, token), token)


@console.post("/console/welcome/<token>")
@open_page
def set_up(token: str) -> AnyResponse:
    """Set up an account, and show its recovery codes, this one time."""
    typed = form()
    name, password, code = (typed.get(each, "") for each in ("name", "password", "code"))
    try:
        arrived = setting_up.set_up(made().staff, token, name, password, code, browser())
    except InvalidInput as error:
        return welcome_page(setting_up.look_up_link(made().staff, token), token, error.errors, status=400)
    return with_session(page("console/recovery_codes.html.j2", codes=arrived.recovery_codes, first=True), arrived)


def welcome_page(
    shown: setting_up.SetUp, token: str, errors: dict[str, list[str]] | None = None, *, status: int = 200
) -> Response:
    """Return the page on which an account is set up."""
    asked = new_form(f"/console/welcome/{token}", values=form().copy(), errors=errors or {})
    return page(
        "console/welcome.html.j2",
        status=status,
        form=asked,
        account=shown.account,
        again=shown.kind is LinkKind.RESET,
        secret=" ".join(shown.secret[place : place + 4] for place in range(0, len(shown.secret), 4)),
        picture=Markup(picture(shown.uri)),  # noqa: S704  # an SVG that the library has drawn
    )


@console.get("/console/enter/<token>")
@open_page
def show_enter(token: str) -> Response:
    """Ask before a link is used that signs in: programs that look at links in advance must not use it up."""
    return page("console/enter.html.j2", form=new_form(f"/console/enter/{token}"))


@console.post("/console/enter/<token>")
@open_page
def enter_by_link(token: str) -> AnyResponse:
    """Sign in by a link, in development."""
    arrived = setting_up.follow_sign_in_link(made().staff, token, browser())
    return with_session(redirect("/console", 303), arrived)


@console.route("/console/<path:rest>", methods=["GET", "POST"])
def show_nothing(rest: str) -> Response:  # noqa: ARG001  # any path without a page
    """Say to who is signed in that there is no such page; anybody else signs in first, and learns nothing."""
    raise NotFound
