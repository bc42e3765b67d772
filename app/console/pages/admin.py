"""What the pages of Admin share: their tabs, how their forms are read, and the code that some forms ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, request
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.datastructures import MultiDict

from app.console.answers import page
from app.console.entrance import confirm, form, session
from app.console.errors import sentence
from app.console.forms import Form
from app.console.rendering import NavItem
from app.staff.domain import SignInDelayed, WrongCode
from app.staff.permissions import Actor, NotConfirmed, Permission

ADMIN = "/console/admin"
SECTIONS = (
    (ADMIN, "Staff", Permission.STAFF_WRITE),
    (f"{ADMIN}/register", "Register", Permission.USERS_WRITE),
    (f"{ADMIN}/keys", "Keys", Permission.KEYS_WRITE),
    (f"{ADMIN}/webhooks", "Webhooks", Permission.WEBHOOKS_WRITE),
    (f"{ADMIN}/settings", "Settings", Permission.STAFF_WRITE),
)
ENTER_CODE = "Enter a code, because you gave the last one more than ten minutes ago."

Errors = Mapping[str, Any]


class AdminForm(Schema):
    """A form of Admin; tokens and other fields of the page are not the form's."""

    class Meta:
        """Whatever else is sent is ignored."""

        unknown = EXCLUDE


def admin_page(template: str, *, status: int = 200, form: Form | None = None, **values: object) -> Response:
    """Return a page of Admin, with the tabs that its reader may open."""
    own = session()
    is_staff = request.path == ADMIN or request.path.startswith((f"{ADMIN}/staff", f"{ADMIN}/invite"))
    sections = [
        NavItem(href=path, label=label, current=is_staff if path == ADMIN else request.path.startswith(path))
        for path, label, permission in SECTIONS
        if own.actor.may(permission)
    ]
    return page(template, status=status, form=form, sections=sections, confirmed=own.is_confirmed, **values)


def typed_members(typed: "MultiDict[str, str]", *lists: str) -> dict[str, Any]:
    """Return what was typed, without what was left empty; of `lists` all values, also if there is none."""
    members: dict[str, Any] = {name: text.strip() for name, text in typed.items() if text.strip()}
    return {**members, **{name: typed.getlist(name) for name in lists}}


def errors_of(error: ValidationError) -> dict[str, Any]:
    """Return what is wrong, by field."""
    return error.normalized_messages()  # type: ignore[no-any-return, no-untyped-call]  # marshmallow's gap


def confirmed_actor() -> Actor:
    """Return who sends a form, confirmed by the code in it, if it has one; raises `WrongCode` or `SignInDelayed`."""
    code = form().get("code", "").strip()
    if code and not session().is_confirmed:
        confirm(code)
    return session().actor


def code_errors(error: NotConfirmed | WrongCode | SignInDelayed) -> Errors:
    """Return what is wrong with the code of a form."""
    return {"code": [ENTER_CODE if isinstance(error, NotConfirmed) else sentence(str(error))]}


def shown_again(kept: Form, errors: Errors) -> Form:
    """Return a form with what is wrong; it may be sent again, and what was typed is kept but for the code."""
    values = MultiDict([(name, value) for name, value in kept.values.items(multi=True) if name != "code"])
    return replace(kept, values=values, errors=errors, form_id=Form(action="", csrf="").form_id)


def number_in(text: str) -> int | None:
    """Return the number in an address, None if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004  # of a bigint


def options(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return words for a list."""
    return [(each, each.capitalize()) for each in values]
