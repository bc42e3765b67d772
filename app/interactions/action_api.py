"""The routes of actions and evaluations: what comes in, what goes out, no decisions."""

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import NotFound

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.interactions import acting, action_steps, examples, reading
from app.interactions.action_schemas import ActionListSchema, ActionSchema, ToldActionSchema, render_action
from app.interactions.api import ID, NO_LIMIT, NO_PARAMETER, reader, record_services, records, writer
from app.interactions.domain import Evaluation
from app.interactions.problems import PROBLEMS
from app.interactions.refusals import IdTaken, NoSuchAction, NoSuchEvaluation, StepTaken, WrongRecord
from app.interactions.requests import RecordsQuery, StepByPlatform, ToldAction
from app.interactions.schemas import (
    ActionInPath,
    EvaluationInPath,
    EvaluationListSchema,
    EvaluationSchema,
    RecordedSchema,
    RecordsParameters,
    StepByPlatformSchema,
)
from lib.json_requests import InvalidMembers, MalformedJson
from lib.paths import describes_path
from lib.query_parameters import NoParameters

__all__ = ["records"]  # which has the routes of interactions as well

NO_REASON = WrongRecord({"reason": ["Say why."]})
NO_STEP = InvalidMembers({"step": ['Must be "executed", "customer_told" or "contested".']})
ACTION_ID_TAKEN = IdTaken("act-1")


@records.post("/actions")
@records.input(ToldActionSchema, arg_name="told", examples=examples.TOLD_ACTION)
@records.output(RecordedSchema, examples=examples.RECORDED, description="recorded, now or before")
@records.doc(responses=error_responses(MalformedJson, NO_REASON, ACTION_ID_TAKEN, problems=PROBLEMS, takes_body=True))
@require_scope(Scope.INTERACTIONS_WRITE)
def tell_action(told: ToldAction) -> Mapping[str, Any]:
    """Record an action that the platform has decided automatically. A person reviews it in the console.

    It belongs to the player's open case, which cannot be closed before the review. The same body under the same `id`
    is recorded once.
    """
    return _recorded(acting.tell(record_services(), writer(), told))


@records.post(f"/actions/{ID.format('action_id')}/steps")
@records.input(StepByPlatformSchema, arg_name="told", examples=examples.STEP)
@records.output(
    RecordedSchema, examples=examples.RECORDED, description="recorded, now or before; the `id` is the action's"
)
@records.doc(
    responses=error_responses(
        MalformedJson, NO_STEP, NoSuchAction, NotFound, StepTaken, problems=PROBLEMS, takes_body=True
    )
)
@describes_path(records, ActionInPath)
@require_scope(Scope.INTERACTIONS_WRITE)
def tell_step(action_id: int, told: StepByPlatform) -> Mapping[str, Any]:
    """Record that an action was executed, that the player was told, or has contested it. Each happens once."""
    return _recorded(action_steps.step(record_services(), writer(), action_id, told))


@records.get("/actions")
@records.input(RecordsParameters, location="query", arg_name="query")
@records.output(ActionListSchema, examples=examples.page("actions"), description="a page of them")
@records.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.CASES_READ)
def read_actions(query: RecordsQuery) -> Mapping[str, Any]:
    """Read actions, page by page, the oldest first."""
    found, next_after = reading.actions(record_services(), reader(), query)
    return {"actions": [*map(render_action, found)], "next_after": next_after}


@records.get(f"/actions/{ID.format('action_id')}")
@records.input(NoParameters, location="query")
@records.output(ActionSchema, examples=examples.ONE_ACTION, description="the action")
@records.doc(responses=error_responses(NO_PARAMETER, NoSuchAction, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(records, ActionInPath)
@require_scope(Scope.CASES_READ)
def read_action(action_id: int, **_: object) -> Mapping[str, Any]:
    """Read an action with what has happened to it: who reviewed it, and how."""
    return render_action(reading.action(record_services(), reader(), action_id))


@records.get("/evaluations")
@records.input(RecordsParameters, location="query", arg_name="query")
@records.output(EvaluationListSchema, examples=examples.page("evaluations"), description="a page of them")
@records.doc(responses=error_responses(NO_LIMIT, problems=PROBLEMS, takes_body=False))
@require_scope(Scope.CASES_READ)
def read_evaluations(query: RecordsQuery) -> Mapping[str, Any]:
    """Read evaluations, page by page, the oldest first: what changed while a case was monitored."""
    found, next_after = reading.evaluations(record_services(), reader(), query)
    return {"evaluations": found, "next_after": next_after}


@records.get(f"/evaluations/{ID.format('evaluation_id')}")  # type: ignore[type-var]  # APIFlask takes what it can write
@records.input(NoParameters, location="query")
@records.output(EvaluationSchema, examples=examples.ONE_EVALUATION, description="the evaluation")
@records.doc(responses=error_responses(NO_PARAMETER, NoSuchEvaluation, NotFound, problems=PROBLEMS, takes_body=False))
@describes_path(records, EvaluationInPath)
@require_scope(Scope.CASES_READ)
def read_evaluation(evaluation_id: int, **_: object) -> Evaluation:
    """Read an evaluation with its numbers, and what a person decided."""
    return reading.evaluation(record_services(), reader(), evaluation_id)


def _recorded(told: acting.ToldOf) -> Mapping[str, Any]:
    return {"id": told.action.id, "case_id": told.action.case_id, "replayed": told.is_replay}
