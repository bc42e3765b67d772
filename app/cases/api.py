"""The routes of cases: what comes in, what goes out, no decisions. People work on cases in the console."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from werkzeug.exceptions import NotFound

from app.access.actors import actor_of_request
from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.cases import reading
from app.cases.examples import CASES, ONE
from app.cases.problems import PROBLEMS
from app.cases.refusals import NoSuchCase
from app.cases.requests import CaseList, CaseListQuery
from app.cases.schemas import CaseInPath, CaseListSchema, CasesParameters, CaseWithJournalSchema, render_page
from app.cases.services import CaseServices
from app.staff.permissions import Actor, Permission
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path
from lib.query_parameters import NoParameters

cases = APIBlueprint(
    "cases",
    __name__,
    tag={"name": "Cases", "description": "What people do about alerts, one open case a player."},
    url_prefix="/cases",
)
NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})
NO_PARAMETER = InvalidMembers({"limit": ["Unknown parameter; there is none."]})


@cases.get("")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@cases.input(CasesParameters, location="query", arg_name="query")
@cases.output(CaseListSchema, examples=CASES, description="the cases, newest first; perhaps none")
@cases.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.CASES_READ)
def read_cases(query: CaseListQuery) -> CaseList:
    """Read cases, page by page, the newest first.

    A worker opens them within seconds of the alerts. They begin with the alerts after the release that has them.
    """
    return reading.cases(services.get(CaseServices), _actor(), query)


@cases.get("/<int(min=1, max=9223372036854775807):case_id>")
@cases.input(NoParameters, location="query")
@cases.output(CaseWithJournalSchema, examples=ONE, description="the case")
@cases.doc(responses=error_responses(NO_PARAMETER, NoSuchCase, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(cases, CaseInPath)
@require_scope(Scope.CASES_READ)
def read_case(case_id: int, **_: object) -> Mapping[str, Any]:
    """Read a case with its alerts, and its journal: who took which step when."""
    return render_page(reading.case_page(services.get(CaseServices), _actor(), case_id))


def _actor() -> Actor:
    return Actor(name=actor_of_request(), permissions=frozenset({Permission.CASES_READ}))
