"""The problem that a client sees for an alert that does not exist."""

from app.alerts.domain import Cursor, NoSuchAlert, NotYetNumbered
from app.problems import Problems
from lib.problem_details import ProblemType

PROBLEMS: Problems = {
    NoSuchAlert: ProblemType(
        404,
        "unknown-alert",
        "Alert not found",
        example=NoSuchAlert(Cursor(t=1, user_id=1, n=0, code=1), shadow=False),
    ),
    NotYetNumbered: ProblemType(
        409, "not-yet-numbered", "Number beyond the feed", example=NotYetNumbered(after=2, last=1)
    ),
}
