"""The route for a comparison: what comes in, what goes out, no decisions."""

from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.backtest.comparing import controllers
from app.backtest.comparing.domain import Comparison, NeverInShadow, TooMuchToCompare
from app.backtest.comparing.examples import COMPARED
from app.backtest.comparing.problems import PROBLEMS
from app.backtest.comparing.schemas import ComparisonParameters, ComparisonQuery, ComparisonSchema
from app.backtest.services import BacktestServices
from app.rulebook.api import rules
from app.rulebook.reading.api import EDITION, UNKNOWN
from app.rulebook.reading.schemas import EditionInPath
from lib import services
from lib.json_requests import InvalidMembers
from lib.paths import describes_path

__all__ = ["rules"]  # which has all other routes of the rule book as well

NO_LIMIT = InvalidMembers({"limit": ["Must be from 1 to 200."]})


@rules.get(f"{EDITION}/comparison")  # type: ignore[type-var]  # APIFlask takes whatever the schema can write
@rules.input(ComparisonParameters, location="query", arg_name="query")
@rules.output(ComparisonSchema, examples=COMPARED, description="by code, by day and by player, with samples")
@rules.doc(
    responses=error_responses(
        NO_LIMIT, UNKNOWN, NeverInShadow, TooMuchToCompare, NotFound, problems=PROBLEMS, takes_body=False
    )
)
@describes_path(rules, EditionInPath)
@require_scope(Scope.ALERTS_READ)
def compare_edition(edition: int, query: ComparisonQuery) -> Comparison:
    """Compare what an edition raised in the shadow with what the live edition raised at the same events.

    It reads the alerts that were stored, and judges nothing again. Both sides count by their first answers, also at
    events that were late or corrected. Events that came while the edition was not in the shadow do not count.
    """
    database = services.get(BacktestServices).database
    return controllers.compare_few(database, edition, query.scope, query.limit)
