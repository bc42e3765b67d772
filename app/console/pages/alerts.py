"""Alerts of all customers, and one alert with what proves it."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from app.alerts.domain import AlertPage, AlertQuery, Cursor, NoSuchAlert
from app.alerts.schemas import AlertPageSchema, AlertsParameters
from app.console.answers import new_form, page
from app.console.entrance import console, made, session
from app.console.errors import error_page, sentence
from app.console.pages import case_words
from app.console.pages.case_forms import BIGGEST
from app.customers import raised
from app.customers.lines import moment
from app.customers.ranges import is_time_of_day
from app.rules.limits import MAX_CODE
from app.rules.meaning import Indicator
from app.staff.permissions import Permission

ALERTS = "/console/alerts"
FILTERS = ("user", "code", "edition", "shadow", "fresh")
LIMIT = "50"
WHOSE = (("", "Live rules"), ("true", "Shadow"))
WHICH = (("", "All"), ("true", "Only fresh ones"))


@console.get(ALERTS)
def show_alerts() -> Response:
    """List alerts; filters live in the address, and what cannot be read in them is said."""
    actor = session().actor
    actor.require(Permission.CASES_READ)
    asked = {name: request.args[name] for name in (*FILTERS, "before") if request.args.get(name)}
    errors: dict[str, Any] = {}
    found = AlertPage(alerts=(), next_before=None)
    try:
        query: AlertQuery = AlertsParameters().load({"limit": LIMIT, **asked})
        found = raised.alerts(made().customers, actor, query)
    except ValidationError as error:
        errors = error.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow's gap
    filters = {name: value for name, value in asked.items() if name != "before"}
    before = AlertPageSchema(only=("next_before",)).dump(found)["next_before"]
    return page(
        "console/alerts.html.j2",
        status=400 if errors else 200,
        form=new_form(ALERTS, values=MultiDict(asked), errors=errors),
        found=found,
        filters=filters,
        is_shadow=asked.get("shadow") == "true",
        next=f"{ALERTS}?{urlencode({**filters, 'before': before})}" if before else "",
        first=f"{ALERTS}?{urlencode(filters)}".rstrip("?") if asked.get("before") else "",
        whose=WHOSE,
        which=WHICH,
        moment=moment_of,
        may_see_customers=actor.may(Permission.CUSTOMERS_READ),
    )


def moment_of(t: int) -> object:
    """Return the time of day of a `t`, None where it is a number."""
    return moment(t, is_clock=made().customers.t_is_unix and is_time_of_day(t))


@console.get("/console/players/<int:user_id>/alerts/<int:t>/<int:code>")
def show_alert(user_id: int, t: int, code: int) -> Response:
    """Show one alert."""
    n, shadow = request.args.get("n", "0"), request.args.get("shadow") == "true"
    at = Cursor(t, user_id, int(n) if n.isascii() and n.isdigit() and len(n) < len(str(MAX_CODE)) else 0, code)
    session().actor.require(Permission.CUSTOMERS_READ)
    if max(user_id, t) > BIGGEST or code > MAX_CODE:
        raise NoSuchAlert(at, shadow=shadow)
    found, rule = raised.alert(made().customers, session().actor, at, shadow=shadow)
    return page(
        "console/alert.html.j2",
        alert=found,
        rule=rule,
        indicators={Indicator(value): words for value, words in case_words.INDICATORS},
        moment=moment_of,
    )


@console.errorhandler(NoSuchAlert)
def show_no_alert(error: NoSuchAlert) -> Response:
    """Say that there is no such alert."""
    return error_page(404, sentence(str(error)))
