"""The search field: a number leads to the case or the customer that has it."""

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from app.cases import reading
from app.cases.refusals import NoSuchCase
from app.cases.requests import CaseListQuery
from app.console.answers import page
from app.console.entrance import console, made, session
from app.console.pages import case_words
from app.console.pages.case_forms import BIGGEST
from app.console.pages.customer import PLAYERS
from app.console.pages.trails import CASES, DIGITS
from app.customers.reading import is_known
from app.staff.permissions import Permission

MOST = 20  # cases of a customer that are listed


@console.get("/console/search")
def search() -> AnyResponse:
    """Find a case by its number, and the cases of a customer."""
    session().actor.require(Permission.CASES_READ)
    asked = request.args.get("q", "").strip()
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= DIGITS else 0
    services, actor = made().cases, session().actor
    of_customer = reading.cases(services, actor, CaseListQuery(limit=MOST, user_id=number)).cases if number else ()
    case_id, customer = _case_with(number), number if of_customer or _is_customer(number) else None
    if case_id and not customer:
        return redirect(f"{CASES}/{case_id}", 303)
    if customer and not case_id and not of_customer:
        return redirect(f"{PLAYERS}/{customer}", 303)
    return results(asked, case_id, customer, of_customer)


def _is_customer(number: int) -> bool:
    """Return whether a customer is known by this number, if the reader may open their page."""
    actor = session().actor
    return 0 < number <= BIGGEST and actor.may(Permission.CUSTOMERS_READ) and is_known(made().customers, actor, number)


def _case_with(number: int) -> int | None:
    if not 0 < number <= BIGGEST:
        return None
    try:
        return reading.one(made().cases, session().actor, number).id
    except NoSuchCase:
        return None


def results(asked: str, case_id: int | None, customer: int | None, of_customer: object) -> Response:
    """Return the page that lists what was found."""
    return page(
        "console/search.html.j2",
        asked=asked,
        case_id=case_id,
        customer=customer,
        may_see_customers=session().actor.may(Permission.CUSTOMERS_READ),
        found=of_customer,
        words=case_words,
    )
