"""Who looked at which customer, and what was exported: two lists beside the audit of accounts."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import MultiDict

from app.console.answers import new_form, page
from app.console.entrance import console, made, session
from app.console.pages.case_forms import BIGGEST
from app.console.rendering import NavItem
from app.customers import reading
from app.staff.permissions import Permission

AUDIT = "/console/audit"
VIEWS, EXPORTS = f"{AUDIT}/views", f"{AUDIT}/exports"
LISTS = {AUDIT: "Accounts", VIEWS: "Customers looked at", EXPORTS: "Exports"}
DIGITS = 19  # of the biggest number that is stored


def audit_lists(path: str) -> Sequence[NavItem]:
    """Return the lists of the audit, as tabs."""
    return [NavItem(href=href, label=label, current=href == path) for href, label in LISTS.items()]


@console.get(VIEWS)
def show_views() -> Response:
    """List who looked at customers, newest first."""
    return records_page("console/views.html.j2", VIEWS, reading.views)


@console.get(EXPORTS)
def show_exports() -> Response:
    """List what was exported, newest first."""
    return records_page("console/exports.html.j2", EXPORTS, reading.exports)


def records_page(template: str, path: str, read: Any) -> Response:  # noqa: ANN401  # one of two use cases
    """Return a page of a list, of one customer or of all."""
    actor = session().actor
    actor.require(Permission.AUDIT_READ)
    asked = request.args
    user_id, before = number(asked.get("customer", "")), number(asked.get("before", ""))
    wrong = {"customer": ["Enter a customer's number."]} if asked.get("customer") and user_id is None else {}
    found, next_before = ((), None) if wrong else read(made().customers, actor, user_id=user_id, before=before)
    here = {"customer": str(user_id)} if user_id else {}
    return page(
        template,
        status=400 if wrong else 200,
        form=new_form(path, values=MultiDict(asked), errors=wrong),
        lists=audit_lists(path),
        rows=found,
        customer=user_id,
        links=actor.may(Permission.CUSTOMERS_READ),
        next=f"{path}?{urlencode({**here, 'before': next_before})}" if next_before else "",
        first=f"{path}{'?' if here else ''}{urlencode(here)}" if before else "",
        path=path,
    )


def number(text: str) -> int | None:
    """Return a number of the address, None without one, or for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS and 0 < int(text) <= BIGGEST
    return int(text) if is_number else None
