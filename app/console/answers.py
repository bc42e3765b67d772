"""What pages answer: HTML with what the layout shows everywhere, or after a step the way to the next page."""

from flask import Response, make_response, redirect, request

from app.console.cookies import clear_notice, read_notice, set_notice
from app.console.entrance import csrf, made, session_or_none
from app.console.forms import Form
from app.console.navigation import nav_for
from app.console.rendering import PAGE_HEADERS, Notice, NoticeKind, Person, render
from app.staff.domain import Session
from app.staff.permissions import Permission


def page(template: str, *, status: int = 200, form: Form | None = None, **values: object) -> Response:
    """Return a page, with the notice that the step before has left."""
    found, secure = session_or_none(), made().secure
    left = read_notice(request.cookies, secure=secure)
    text = render(
        template,
        person=person_of(found) if found else None,
        nav=nav_for(found, request.path) if found else (),
        csrf=csrf(),
        search=found is not None and found.actor.may(Permission.CASES_READ),
        notices=left,
        undo=new_form("", prefix="undo") if any(each.is_step for each in left) else None,
        form=form,
        **values,
    )
    response = make_response(text, status)
    response.headers.update(PAGE_HEADERS)
    if left:
        clear_notice(response, secure=secure)
    return response


def person_of(found: Session) -> Person:
    """Return who reads the page, as the layout knows people."""
    chosen = found.account.preferences
    return Person(
        name=found.account.shown,
        zone=chosen.zone,
        theme=chosen.theme.value,
        density=chosen.density.value,
        single_keys=chosen.single_keys,
    )


def go_to(
    path: str,
    said: str = "",
    *,
    kind: NoticeKind = NoticeKind.OK,
    link: tuple[str, str] = ("", ""),
    is_step: bool = False,
) -> Response:
    """Return the way to a page after a step, which says there what was done.

    `link` is an address and its label; `is_step`: of another step.
    """
    response = make_response(redirect(path, 303))
    if said:
        set_notice(response, Notice(kind, said, *link, is_step), secure=made().secure)
    return response


def new_form(action: str, **named: object) -> Form:
    """Return a form of this session."""
    return Form(action=action, csrf=csrf(), **named)  # type: ignore[arg-type]  # the fields of Form
