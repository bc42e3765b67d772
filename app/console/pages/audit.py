"""What was done to accounts and by whom, one list."""

from flask import Response, request

from app.console.answers import page
from app.console.entrance import console, made, session
from app.console.pages.audit_lists import AUDIT, audit_lists
from app.staff import controllers


@console.get(AUDIT)
def show_audit() -> Response:
    """List the steps of the audit, newest first."""
    before = request.args.get("before", "")
    is_place = before.isascii() and before.isdigit() and len(before) < 19  # noqa: PLR2004  # digits of a bigint
    entries = controllers.audit(made().staff.database, session().actor, before=int(before) if is_place else None)
    return page(
        "console/audit.html.j2",
        entries=entries,
        lists=audit_lists(AUDIT),
        older=f"?before={entries[-1].id}" if len(entries) == controllers.AUDIT_PAGE else "",
        first=AUDIT if is_place else "",
    )
