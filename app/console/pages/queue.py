"""The queue: lists of cases to work through, each with an address of its own."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.cases import controllers, others, reading
from app.cases.domain import LEAST_URGENT, Outcome
from app.cases.refusals import CaseRefusal, WrongCursor
from app.cases.requests import CaseRef, Filters, Opening, QueueQuery, Sort, Tab
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, form_key, made, polled, session
from app.console.errors import refused
from app.console.pages import case_words
from app.console.pages.case_forms import BIGGEST, OpenForm
from app.console.pages.trails import CASES, DIGITS, Trail, back_to_list
from app.console.rendering import NavItem, NoticeKind
from app.rules.meaning import Strength
from app.staff.permissions import Permission

FILTERS = ("code", "priority", "strength", "user", "assignee", "outcome", "sort")
SHOWN = {"user": "customer", "sort": "order"}  # names in addresses, as pages call them
BIGGEST_CODE = 2**31 - 1

Value = TypeVar("Value")

BULK = {"take": (controllers.take, "taken"), "release": (controllers.release, "returned to the queue")}


@console.get(CASES)
def show_queue() -> AnyResponse:
    """Show a page of a tab. Filters live in the address; what cannot be read in them is said, never ignored."""
    asked = request.args
    faults: dict[str, list[str]] = {}
    query = query_of(asked, faults)
    services, actor = made().cases, session().actor
    try:
        found = reading.queue(services, actor, query)
    except WrongCursor:
        return go_to(address(asked, after=None), "The list has changed. This is its first page.", kind=NoticeKind.INFO)
    worker = reading.attached(services, actor)
    return page(
        "console/queue.html.j2",
        form=new_form(CASES, values=MultiDict(asked), errors=faults),
        status=400 if faults else 200,
        found=found,
        tab=query.tab,
        tabs=[tab_item(tab, asked, found.counts[tab], query.tab) for tab in Tab],
        filters={name: asked[name] for name in FILTERS if asked.get(name)},
        cleared=address({"tab": query.tab.value}),
        here=address(asked),
        trail=Trail(address=address(asked), rows=[row.id for row in found.rows]),
        next=address(asked, after=found.next_after) if found.next_after else "",
        first=address(asked, after=None) if query.after else "",
        news=f"{CASES}/news?{urlencode({**asked, 'since': found.now.isoformat()})}",
        words=case_words,
        step=new_form(f"{CASES}/bulk"),
        claim=new_form(f"{CASES}/claim"),
        views=others.saved_views(services, actor),
        may_work=actor.may(Permission.CASES_WORK),
        may_see_customers=actor.may(Permission.CUSTOMERS_READ),
        waiting=worker,
    )


def tab_item(tab: Tab, asked: Mapping[str, str], count: int, current: Tab) -> NavItem:
    """Return a tab of the queue; the filters stay when it is opened."""
    kept = {name: asked[name] for name in FILTERS if asked.get(name)}
    return NavItem(
        href=address({"tab": tab.value, **kept}), label=case_words.TAB[tab], count=count, current=tab is current
    )


def address(asked: Mapping[str, str], **changed: str | None) -> str:
    """Return the address of a list with these filters."""
    known = {name: asked[name] for name in ("tab", *FILTERS, "after") if asked.get(name)}
    pairs = {name: value for name, value in {**known, **changed}.items() if value}
    return f"{CASES}?{urlencode(pairs)}" if pairs else CASES


def query_of(asked: Mapping[str, str], faults: dict[str, list[str]]) -> QueueQuery:
    """Return what an address asks for; what it says that cannot be read is added to `faults`, by name."""
    read = partial(_read, asked, faults)
    return QueueQuery(
        tab=read("tab", Tab) or Tab.NEW,
        filters=Filters(
            code=read("code", _number),
            priority=read("priority", _priority),
            strength=read("strength", Strength),
            user_id=read("user", _long_number),
            assignee=read("assignee", _number),
            outcome=read("outcome", Outcome),
        ),
        sort=read("sort", Sort) or Sort.URGENT,
        after=asked.get("after") or None,
    )


def _read(
    asked: Mapping[str, str], faults: dict[str, list[str]], name: str, kind: Callable[[str], Value]
) -> Value | None:
    text = asked.get(name, "")
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        faults[name] = [f"{text[:40]!r} is not a valid {SHOWN.get(name, name)}: choose another, or remove the filter."]
        return None


def _number(text: str) -> int:
    return _up_to(text, BIGGEST_CODE)


def _long_number(text: str) -> int:
    return _up_to(text, BIGGEST)


def _priority(text: str) -> int:
    return _up_to(text, LEAST_URGENT)


def _up_to(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) <= most):
        raise ValueError(text)
    return int(text)


@console.get(f"{CASES}/news")
@polled
def news() -> dict[str, str]:
    """Say how many cases of a list have got an alert since it was shown."""
    session().actor.require(Permission.CASES_READ)
    try:
        since = datetime.fromisoformat(request.args.get("since", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return {"text": ""}
    newer = reading.newer(made().cases, session().actor, query_of(request.args, {}), since)
    return {"text": f"{newer if newer < 100 else '99+'} new: show" if newer else ""}  # noqa: PLR2004  # as counted


@console.post(f"{CASES}/claim")
def claim_next() -> AnyResponse:
    """Take the most urgent case that waits."""
    case = controllers.claim_next(made().cases, session().actor, form_key("claim"))
    if case is None:
        return go_to(CASES, "No case is waiting.", kind=NoticeKind.INFO)
    return go_to(f"{CASES}/{case.id}", f"Case {case.id} is yours.")


@console.post(f"{CASES}/bulk")
def take_steps() -> AnyResponse:
    """Take a step with exactly the chosen cases, and say for each what became of it."""
    typed = form()
    ids = [int(each) for each in typed.getlist("case") if each.isascii() and each.isdigit() and len(each) < DIGITS]
    if (wanted := typed.get("step", "")) not in BULK or not ids:
        return go_to(back_to_list(typed.get("list", "")), "Select cases first.", kind=NoticeKind.WARNING)
    step, done = BULK[wanted]
    services, actor, key = made().cases, session().actor, form_key(wanted)
    refs = [CaseRef(case_id=each, form=key and others.form_of(key, each)) for each in dict.fromkeys(ids)]
    results = others.in_bulk(refs, lambda ref: step(services, actor, ref))
    return page("console/bulk.html.j2", results=results, done=done, back=back_to_list(typed.get("list", "")))


@console.get(f"{CASES}/new")
def show_new_case() -> Response:
    """Show the form that opens a case by hand."""
    session().actor.require(Permission.CASES_WORK)
    return new_case_page(new_form(f"{CASES}/new", values=MultiDict({"user_id": request.args.get("user", "")})))


def new_case_page(shown: object, *, status: int = 200) -> Response:
    """Return the page on which a case is opened."""
    return page("console/new_case.html.j2", status=status, form=shown, words=case_words)  # type: ignore[arg-type]  # a Form


@console.post(f"{CASES}/new")
def open_case() -> AnyResponse:
    """Open a case by hand."""
    typed = form()
    try:
        given = OpenForm().load(typed.to_dict())
        opening = Opening(
            user_id=given["user_id"], indicator=given["indicator"], reason=given["reason"], strength=given["strength"]
        )
        case = controllers.open_by_hand(made().cases, session().actor, opening, form_key("new"))
    except ValidationError as error:
        errors = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
        return new_case_page(new_form(f"{CASES}/new", values=typed, errors=errors), status=400)
    except CaseRefusal as error:
        return new_case_page(new_form(f"{CASES}/new", values=typed, errors=refused(error)), status=409)
    return go_to(f"{CASES}/{case.id}", f"Case {case.id} is open.")


@console.post(f"{CASES}/views")
def save_view() -> AnyResponse:
    """Save a list under a name."""
    typed = form()
    back = back_to_list(typed.get("list", ""))
    others.save_view(made().cases, session().actor, typed.get("name", ""), {"address": back})
    return go_to(back, "The list is saved.")


@console.post(f"{CASES}/views/<int:view_id>/delete")
def delete_view(view_id: int) -> AnyResponse:
    """Delete a saved list."""
    others.delete_view(made().cases, session().actor, view_id)
    return go_to(back_to_list(form().get("list", "")), "The saved list is deleted.")
