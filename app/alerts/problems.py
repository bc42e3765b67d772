"""Which problem a client sees where no such alert is stored."""

from app.alerts.domain import NoSuchAlert
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchAlert: ProblemType(
        404,
        "unknown-alert",
        "No such alert is stored",
        example=NoSuchAlert("no alert 1 of user 1 is stored at t 1; perhaps it is one of the shadow: shadow=true"),
    ),
}
