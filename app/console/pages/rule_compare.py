"""What an edition raised in the shadow, beside what the live one raised at the same events."""

import time

from flask import Response, request

from app.backtest.comparing import controllers as comparing
from app.backtest.comparing.domain import Comparison, NeverInShadow, Side, TooMuchToCompare
from app.backtest.comparing.summary import sentence
from app.backtest.domain import DAY, Scope
from app.backtest.jobs import controllers as jobs
from app.console.answers import page
from app.console.entrance import console, made, session
from app.console.pages.rules import RULES, valid
from app.staff.permissions import Permission

NEVER = "This edition was never in the shadow. A backtest says what it would have raised."
TOO_MUCH = (
    "This is too much to compare on a page. Choose fewer days, or have somebody run the command at the shell, which "
    "has no such bound."
)


@console.get(f"{RULES}/<int:edition>/compare")
def compare_with_live(edition: int) -> Response:
    """Compare an edition that is or was in the shadow with the live one beside it."""
    actor, services, number = session().actor, made().backtests, valid(edition)
    choices, asked = jobs.choices(services), request.args.get("days", "")
    days = next((each for each in choices if each and str(each) == asked), None)
    found: Comparison | None = None
    refusal = ""
    try:
        scope = Scope() if days is None else Scope(since=max(int(time.time()) - days * DAY, 0))
        found = comparing.compare_for(services, actor, number, scope)
    except NeverInShadow:
        refusal = NEVER
    except TooMuchToCompare:
        refusal = TOO_MUCH
    return page(
        "console/comparison.html.j2",
        number=number,
        found=found,
        sides=Side,
        refusal=refusal,
        sentence=sentence(found) if found else "",
        choices=choices,
        days=days,
        may_see_customers=actor.may(Permission.CUSTOMERS_READ),
    )
