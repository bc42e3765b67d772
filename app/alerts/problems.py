"""Which problem a client sees where no such alert is stored."""

from app.alerts.domain import NoSuchAlert, Place
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchAlert: ProblemType(
        404,
        "unknown-alert",
        "No such alert is stored",
        example=NoSuchAlert(Place(t=1, user_id=1, code=1), shadow=False),
    ),
}
