"""Which problem a client sees where there is nothing to compare, or too much for a request."""

from app.backtest.comparing.domain import NeverInShadow, TooMuchToCompare
from app.problems import Problems
from app.rulebook.domain import NoSuchEdition
from app.rulebook.problems import PROBLEMS as OF_RULES
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchEdition: OF_RULES[NoSuchEdition],
    NeverInShadow: ProblemType(409, "never-in-shadow", "The edition was never in the shadow", example=NeverInShadow(1)),
    TooMuchToCompare: ProblemType(
        409, "too-much-to-compare", "Too much to compare for a request", example=TooMuchToCompare(1)
    ),
}
