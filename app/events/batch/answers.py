"""What a batch answers: one result for each event, written as text, since a thousand of them are one response."""

from collections.abc import Mapping

from flask import json

from app import problems as app_problems
from app.events import problems
from app.events.domain import Decision
from lib.problem_details import ProblemType, recorded

PROBLEMS: Mapping[type[Exception], ProblemType] = {**app_problems.PROBLEMS, **problems.PROBLEMS}


def render_result(place: int, decision: Decision) -> str:
    """Return the result of an event that has a decision, as `ResultSchema` would write it."""
    codes = ",".join(map(str, decision.alert_codes))
    alert = "true" if decision.alert else "false"
    special = ',"replayed":true' if decision.replayed else ""
    if decision.late:
        special += ',"late":true'
    user_id = decision.event.user_id
    return f'{{"index":{place},"status":200,"alert":{alert},"alert_codes":[{codes}],"user_id":{user_id}{special}}}'


def render_refusal(place: int, refusal: Exception) -> str:
    """Return the result of an event that was refused, with the problem of a single event; log and count that."""
    kind = next(PROBLEMS[each] for each in type(refusal).__mro__ if each in PROBLEMS)  # as Flask looks for a handler
    return f'{{"index":{place},"status":{kind.status},"problem":{json.dumps(recorded(kind, refusal))}}}'


def render_all(results: list[str]) -> str:
    """Return the whole response."""
    return f'{{"results":[{",".join(results)}]}}\n'
