"""The cookies of the console: who is signed in, and what to say on the page after a redirect."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from werkzeug.wrappers import Response

from app.console.rendering import Notice, NoticeKind
from app.staff.known_browsers import KNOWN_FOR

PATH = "/"
NOTICE_LASTS = 60  # seconds
MAX_NOTICE = 3000  # characters
UNDO = re.compile(r"/console/cases/[0-9]{1,19}/undo")  # the one step that a notice may offer


def session_cookie(*, secure: bool) -> str:
    """Return the name of the session's cookie; browsers take one with the prefix only from this host and over TLS."""
    return "__Host-session" if secure else "session"


def notice_cookie(*, secure: bool) -> str:
    """Return the name of the cookie that carries a notice."""
    return "__Host-notice" if secure else "notice"


def set_session(response: Response, token: str, *, secure: bool) -> None:
    """Sign a browser in until it is closed, or the session ends."""
    name = session_cookie(secure=secure)
    response.set_cookie(name, token, path=PATH, secure=secure, httponly=True, samesite="Lax")


def clear_session(response: Response, *, secure: bool) -> None:
    """Have a browser forget its session."""
    name = session_cookie(secure=secure)
    response.delete_cookie(name, path=PATH, secure=secure, httponly=True, samesite="Lax")


def browser_cookie(*, secure: bool) -> str:
    """Return the name of the cookie that tells a browser in which somebody has signed in before (A70)."""
    return "__Host-browser" if secure else "browser"


def set_browser(response: Response, mark: str, *, secure: bool) -> None:
    """Leave in a browser what tells it the next time."""
    if mark:
        response.set_cookie(
            browser_cookie(secure=secure),
            mark,
            max_age=KNOWN_FOR,
            path=PATH,
            secure=secure,
            httponly=True,
            samesite="Strict",
        )


def set_notice(response: Response, notice: Notice, *, secure: bool) -> None:
    """Have the next page say this."""
    value = urlsafe_b64encode(json.dumps(asdict(notice)).encode()).decode()
    name = notice_cookie(secure=secure)
    if len(value) <= MAX_NOTICE:
        response.set_cookie(
            name, value, max_age=NOTICE_LASTS, path=PATH, secure=secure, httponly=True, samesite="Strict"
        )


def clear_notice(response: Response, *, secure: bool) -> None:
    """Say nothing more."""
    response.delete_cookie(notice_cookie(secure=secure), path=PATH, secure=secure, httponly=True, samesite="Strict")


def read_notice(cookies: Mapping[str, str], *, secure: bool) -> Sequence[Notice]:
    """Return the notice of the step before, [] without one; it leads to nothing but pages of the console."""
    value = cookies.get(notice_cookie(secure=secure), "")
    with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        read = json.loads(urlsafe_b64decode(value[:MAX_NOTICE].encode()))
        text, href, label = read["text"], read["href"], read["label"]
        if text.isprintable() and label.isprintable():
            is_step = read["is_step"] is True
            known = UNDO.fullmatch(href) if is_step else is_page(href)
            return [Notice(NoticeKind(read["kind"]), text, *((href, label, is_step) if known else ()))]
    return []


def is_page(path: str) -> bool:
    """Return whether this is the path of a page of the console, and so cannot lead anywhere else."""
    return (
        (path == "/console" or path.startswith(("/console/", "/console?"))) and "\\" not in path and path.isprintable()
    )
