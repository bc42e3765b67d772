"""What was done to accounts and by whom, one list."""

from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import MultiDict

from app.console.answers import new_form, page
from app.console.entrance import console, made, session
from app.console.pages.admin import number_in
from app.console.pages.audit_lists import AUDIT, audit_lists
from app.staff import controllers


@console.get(AUDIT)
def show_audit() -> Response:
    """List the steps of the audit, newest first; of all, or of what concerns a person."""
    database, actor, asked = made().staff.database, session().actor, request.args
    people = controllers.people_in_audit(database, actor)
    before, person = number_in(asked.get("before", "")), number_in(asked.get("person", ""))
    faults = {} if not asked.get("person") or person in dict(people) else {"person": ["Choose a person from the list."]}
    entries = () if faults else controllers.audit(database, actor, person=person, before=before)
    kept = {"person": person} if person else {}
    return page(
        "console/audit.html.j2",
        status=400 if faults else 200,
        form=new_form(AUDIT, values=MultiDict(asked), errors=faults),
        people=[("", "Everybody"), *people],
        entries=entries,
        lists=audit_lists(AUDIT),
        is_filtered=bool(asked.get("person")),
        older=f"?{urlencode({**kept, 'before': entries[-1].id})}" if len(entries) == controllers.AUDIT_PAGE else "",
        first=f"{AUDIT}?{urlencode(kept)}" if before else "",
    )
