"""One customer: what happened, at a glance, with lists of all of it; the file to print; and as CSV."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request, send_file
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.alerts.schemas import AlertPageSchema, AlertsParameters
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, made, session
from app.console.errors import error_page, sentence
from app.console.pages import case_words, customer_words
from app.console.pages.case_forms import BIGGEST
from app.console.pages.customer_charts import drawn_of
from app.console.rendering import NavItem, NoticeKind
from app.customers import filing, reading
from app.customers.domain import CustomerPage, NoSuchCustomer, Tab, TooManyRows
from app.customers.lines import moment
from app.customers.ranges import Range
from app.customers.requests import CustomerQuery
from app.events.reading.schemas import EventPageSchema, EventsParameters
from app.staff.permissions import Permission

PLAYERS = "/console/players"
LIMIT = "25"  # rows of a page of a list
UNREADABLE = "This address could not be read. This is the customer's page."
CSV = "text/csv; charset=utf-8"

Value = TypeVar("Value")


@console.get(f"{PLAYERS}/<int:user_id>")
def show_customer(user_id: int) -> AnyResponse:
    """Show a customer."""
    session().actor.require(Permission.CUSTOMERS_READ)
    try:
        query = query_of(user_id)
    except (ValueError, ValidationError):
        return go_to(address(user_id), UNREADABLE, kind=NoticeKind.INFO)
    found = reading.customer(made().customers, session().actor, query)
    actor = session().actor
    shown = found.picture.shown if found.picture else None
    return page(
        "console/customer.html.j2",
        **shared(found),
        tab=query.tab,
        tabs=[tab_item(user_id, tab, query, found) for tab in Tab],
        ranges=[range_item(user_id, each, query, chosen=shown) for each in Range] if found.picture else (),
        here=lambda **changed: address(user_id, **{**kept(query), **changed}),
        next=next_of(user_id, query, found),
        first=address(user_id, **kept(query)) if request.args.get("before") else "",
        is_shadow=bool(query.alerts and query.alerts.shadow),
        kinds=[shadow_item(user_id, query, shadow=each) for each in (False, True)] if query.alerts else (),
        export=new_form(f"{PLAYERS}/{user_id}/export"),
        may_export=actor.may(Permission.EXPORTS_MAKE),
        may_work=actor.may(Permission.CASES_WORK),
        may_audit=actor.may(Permission.AUDIT_READ),
    )


def query_of(user_id: int) -> CustomerQuery:
    """Return what the address asks for; raises `ValueError` or `ValidationError`."""
    if not 0 < user_id <= BIGGEST:
        raise NoSuchCustomer(user_id)
    asked = request.args
    tab, before = read("tab", Tab) or Tab.ALERTS, {"before": asked["before"]} if asked.get("before") else {}
    alerts, events = AlertsParameters(), EventsParameters()
    of_alerts = {"limit": LIMIT, "user": str(user_id), "shadow": asked.get("shadow") or "false", **before}
    return CustomerQuery(
        user_id=user_id,
        tab=tab,
        shown=read("range", Range),
        zone=session().account.preferences.zone,
        alerts=alerts.load(of_alerts) if tab is Tab.ALERTS else None,
        events=events.load({"limit": LIMIT, **before}) if tab is Tab.MONEY else None,
    )


def read(name: str, kind: Callable[[str], Value]) -> Value | None:
    """Return a value of the address, None without one; raises `ValueError`."""
    return kind(request.args[name]) if request.args.get(name) else None


def address(user_id: int, **asked: str) -> str:
    """Return the address of a customer's page."""
    pairs = {name: value for name, value in asked.items() if value}
    return f"{PLAYERS}/{user_id}{'?' if pairs else ''}{urlencode(pairs)}"


def kept(query: CustomerQuery) -> dict[str, str]:
    """Return what of the address stays when a list goes on."""
    shadow = "true" if query.alerts and query.alerts.shadow else ""
    return {
        "tab": "" if query.tab is Tab.ALERTS else query.tab.value,
        "range": query.shown.value if query.shown else "",
        "shadow": shadow,
    }


def tab_item(user_id: int, tab: Tab, query: CustomerQuery, found: CustomerPage) -> NavItem:
    """Return a tab; the range of the picture stays when it is opened."""
    href = address(user_id, **{**kept(query), "tab": tab.value, "shadow": ""})
    count = len(found.cases) if tab is Tab.CASES else None
    return NavItem(href=f"{href}#list", label=customer_words.TAB[tab], current=tab is query.tab, count=count)


def range_item(user_id: int, shown: Range, query: CustomerQuery, *, chosen: Range | None) -> NavItem:
    """Return a range of the picture; the list below begins anew when it is chosen."""
    href = address(user_id, **{**kept(query), "range": shown.value})
    return NavItem(href=href, label=customer_words.RANGE[shown], current=shown is chosen)


def shadow_item(user_id: int, query: CustomerQuery, *, shadow: bool) -> NavItem:
    """Return the link to the alerts of the live edition, or to those of the shadow."""
    href = address(user_id, **{**kept(query), "shadow": "true" if shadow else ""})
    current = bool(query.alerts and query.alerts.shadow) is shadow
    return NavItem(href=f"{href}#list", label="Shadow" if shadow else "Live", current=current)


def next_of(user_id: int, query: CustomerQuery, found: CustomerPage) -> str:
    """Return the address of the list's next page, "" if there is none."""
    schema: AlertPageSchema | EventPageSchema = EventPageSchema(only=("next_before",))
    listed: Any = found.events
    if found.alerts:
        schema, listed = AlertPageSchema(only=("next_before",)), found.alerts
    before = schema.dump(listed)["next_before"] if listed else None
    return f"{address(user_id, **kept(query), before=str(before))}#list" if before is not None else ""


def shared(found: CustomerPage) -> dict[str, Any]:
    """Return what the page and the printed file both show."""
    return {
        "found": found,
        "known": found.person,
        "now": found.person.now,
        "drawn": drawn_of(found),
        "open_case": next((each for each in found.cases if each.is_open), None),
        "words": case_words,
        "own_words": customer_words,
        "moment": lambda t: time_of(t, is_clock=found.is_clock),
    }


def time_of(t: int | None, *, is_clock: bool) -> datetime | None:
    """Return the time of day of a `t`."""
    return None if t is None else moment(t, is_clock=is_clock)


@console.get(f"{PLAYERS}/<int:user_id>/file")
def show_file(user_id: int) -> Response:
    """Show all that is known of a customer on one page, to be printed."""
    query = whole(user_id)
    found, lines, cut = filing.printed(made().customers, session().actor, query)
    return page("console/customer_file.html.j2", **shared(found), lines=lines, cut=cut, most=filing.MAX_PRINTED)


@console.post(f"{PLAYERS}/<int:user_id>/export")
def export_customer(user_id: int) -> AnyResponse:
    """Send all that is known of a customer as CSV; that it was sent is on record."""
    file = filing.export(made().customers, session().actor, whole(user_id))
    response = send_file(file, mimetype=CSV, as_attachment=True, download_name=f"customer-{user_id}.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


def whole(user_id: int) -> CustomerQuery:
    """Return the query for everything; raises `NoSuchCustomer`."""
    if not 0 < user_id <= BIGGEST:
        raise NoSuchCustomer(user_id)
    return CustomerQuery(user_id=user_id, tab=Tab.CASES, shown=Range.ALL, zone=session().account.preferences.zone)


@console.errorhandler(NoSuchCustomer)
def show_no_customer(error: NoSuchCustomer) -> Response:
    """Say that nothing is known of this number."""
    return error_page(404, sentence(str(error)))


@console.errorhandler(TooManyRows)
def show_too_many(error: TooManyRows) -> Response:
    """Say why there is no file."""
    return error_page(409, sentence(str(error)))
