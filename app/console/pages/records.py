"""Records by their addresses: one interaction, one action, one evaluation, and what waits for a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Response
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.cases.refusals import CaseRefusal
from app.console.answers import go_to, new_form, page
from app.console.entrance import console, form, made, session
from app.console.errors import sentence
from app.console.forms import Form
from app.console.pages import record_forms, record_values, record_words
from app.console.pages.case_forms import CaseForm
from app.console.pages.case_records import zone
from app.interactions import action_steps, evaluating, reading, recording
from app.interactions.domain import Facts
from app.interactions.refusals import NoSuchAction, NoSuchEvaluation, NoSuchInteraction, WrongRecord
from app.staff.permissions import Permission

INTERACTIONS, ACTIONS, EVALUATIONS = "/console/interactions", "/console/actions", "/console/evaluations"
MISSING = (NoSuchAction, NoSuchEvaluation, NoSuchInteraction)

Step = Callable[[dict[str, Any]], object]
Show = Callable[[Form, int], Response]


@console.get("/console/waiting")
def show_waiting() -> Response:
    """List the actions to review, and the evaluations and follow-ups that are due."""
    found = reading.waiting(made().records, session().actor)
    return page("console/waiting.html.j2", found=found, now=found.now, words=record_words)


@console.get(f"{INTERACTIONS}/<int:interaction_id>")
def show_interaction(interaction_id: int) -> Response:
    """Show an interaction, with the form that corrects it."""
    return interaction_page(interaction_id)


def interaction_page(interaction_id: int, wrong: Form | None = None, *, status: int = 200) -> Response:
    """Return the page of an interaction; `wrong` is a correction that was refused."""
    actor = session().actor
    shown = reading.interaction(made().records, actor, interaction_id)
    asked = wrong or new_form(
        f"{INTERACTIONS}/{interaction_id}/correct", values=record_values.typed_of(shown.facts, zone())
    )
    return page(
        "console/interaction.html.j2",
        status=status,
        form=asked,
        shown=shown,
        is_wrong=wrong is not None,
        now=datetime.now(UTC),
        record_words=record_words,
        may_correct=actor.may(Permission.INTERACTIONS_WRITE) and shown.corrected_by is None,
    )


@console.post(f"{INTERACTIONS}/<int:interaction_id>/correct")
def correct_interaction(interaction_id: int) -> AnyResponse:
    """Replace an interaction by a corrected one."""
    session().actor.require(Permission.INTERACTIONS_WRITE)

    def step(given: dict[str, Any]) -> AnyResponse:
        services, actor = made().records, session().actor
        wrong = reading.interaction(services, actor, interaction_id).facts
        facts = corrected(wrong, record_values.facts_of(given, zone(), datetime.now(UTC)))
        made_now = recording.correct(services, actor, interaction_id, facts, given["correction_reason"])
        return go_to(f"{INTERACTIONS}/{made_now.id}", "The interaction is corrected; the first record is kept.")

    return taken(
        record_forms.CorrectionForm,
        f"{INTERACTIONS}/{interaction_id}/correct",
        step,
        lambda wrong, status: interaction_page(interaction_id, wrong, status=status),
    )


def corrected(wrong: Facts, typed: Facts) -> Facts:
    """Return what was typed as a correction, with what its form does not show, and the seconds, which it cuts."""
    same_minute = typed.occurred_at == wrong.occurred_at.replace(second=0, microsecond=0)
    return replace(
        typed,
        occurred_at=wrong.occurred_at if same_minute else typed.occurred_at,
        prompt_alerts=wrong.prompt_alerts,
        next_step=wrong.next_step,
        follow_up_due_at=wrong.follow_up_due_at,
        marketing_stopped_at=typed.marketing_stopped_at and (wrong.marketing_stopped_at or typed.marketing_stopped_at),
        bonus_stopped_at=typed.bonus_stopped_at and (wrong.bonus_stopped_at or typed.bonus_stopped_at),
        action_from=typed.action_from and (wrong.action_from or typed.action_from),
    )


@console.get(f"{ACTIONS}/<int:action_id>")
def show_action(action_id: int) -> Response:
    """Show an action with its steps, and what may be decided about it."""
    return action_page(action_id)


def action_page(action_id: int, wrong: Form | None = None, step: str = "", *, status: int = 200) -> Response:
    """Return the page of an action; `wrong` is a form that was refused, of this step."""
    actor = session().actor
    shown = reading.action(made().records, actor, action_id)
    forms = {name: new_form(f"{ACTIONS}/{action_id}/{name}", prefix=name) for name in ACTION_STEPS}
    reviews = actor.may(Permission.CASES_REVIEW)
    return page(
        "console/action.html.j2",
        status=status,
        form=wrong,
        shown=shown,
        forms={**forms, **({step: wrong} if wrong else {})},
        open_step=step,
        now=datetime.now(UTC),
        record_words=record_words,
        steps=record_words.steps_left(shown) if actor.may(Permission.INTERACTIONS_WRITE) else (),
        is_own=actor.staff_id == shown.judge,
        may_review=reviews and shown.awaits_review,
        may_decide=reviews and shown.awaits_decision and not shown.awaits_review,
    )


def review(action_id: int, given: dict[str, Any]) -> str:
    """Review an action."""
    action_steps.review(made().records, session().actor, action_id, record_values.judgement_of(given))
    return "The action is reviewed."


def decide(action_id: int, given: dict[str, Any]) -> str:
    """Decide about a contest."""
    action_steps.decide_contest(made().records, session().actor, action_id, record_values.judgement_of(given))
    return "The contest is decided."


def note(action_id: int, given: dict[str, Any]) -> str:
    """Note what has happened to an action."""
    told = record_values.step_of(given, zone(), datetime.now(UTC))
    action_steps.step(made().records, session().actor, action_id, told)
    return "It is noted."


ACTION_STEPS: dict[str, tuple[type[CaseForm], Callable[[int, dict[str, Any]], str]]] = {
    "review": (record_forms.JudgeForm, review),
    "contest": (record_forms.JudgeForm, decide),
    "step": (record_forms.StepForm, note),
}


@console.post(f"{ACTIONS}/<int:action_id>/<step>")
def take_action_step(action_id: int, step: str) -> AnyResponse:
    """Review an action, decide about a contest, or note what has happened."""
    session().actor.require(Permission.INTERACTIONS_WRITE)  # which whoever reviews has, too
    if step not in ACTION_STEPS:
        raise NotFound
    schema, take = ACTION_STEPS[step]
    return taken(
        schema,
        f"{ACTIONS}/{action_id}/{step}",
        lambda given: go_to(f"{ACTIONS}/{action_id}", take(action_id, given)),
        lambda wrong, status: action_page(action_id, wrong, step, status=status),
        prefix=step,
    )


@console.get(f"{EVALUATIONS}/<int:evaluation_id>")
def show_evaluation(evaluation_id: int) -> Response:
    """Show an evaluation with the numbers before and after."""
    return evaluation_page(evaluation_id)


def evaluation_page(evaluation_id: int, wrong: Form | None = None, *, status: int = 200) -> Response:
    """Return the page of an evaluation; `wrong` is a decision that was refused."""
    actor = session().actor
    found = evaluating.show(made().records, actor, evaluation_id)
    return page(
        "console/evaluation.html.j2",
        status=status,
        form=wrong or new_form(f"{EVALUATIONS}/{evaluation_id}/decide"),
        shown=found.evaluation,
        found=found,
        now=found.now,
        record_words=record_words,
        may_decide=actor.may(Permission.INTERACTIONS_WRITE) and found.evaluation.conclusion is None,
    )


@console.post(f"{EVALUATIONS}/<int:evaluation_id>/decide")
def decide_evaluation(evaluation_id: int) -> AnyResponse:
    """Decide what has changed."""
    session().actor.require(Permission.INTERACTIONS_WRITE)

    def step(given: dict[str, Any]) -> AnyResponse:
        evaluating.conclude(made().records, session().actor, evaluation_id, record_values.concluding_of(given))
        return go_to(f"{EVALUATIONS}/{evaluation_id}", "The evaluation is decided.")

    return taken(
        record_forms.ConcludeForm,
        f"{EVALUATIONS}/{evaluation_id}/decide",
        step,
        lambda wrong, status: evaluation_page(evaluation_id, wrong, status=status),
    )


def taken(
    schema: type[CaseForm],
    address: str,
    step: Callable[[dict[str, Any]], AnyResponse],
    show: Show,
    *,
    prefix: str = "f",
) -> AnyResponse:
    """Take a step as its form says; if it is refused, show the form again as it was typed, with what is wrong."""
    typed = form()
    try:
        return step(record_values.read(schema, typed))
    except ValidationError as error:
        errors, status = error.normalized_messages(), 400  # type: ignore[no-untyped-call]  # marshmallow's gap
    except WrongRecord as error:
        errors, status = dict(error.errors), 400
    except MISSING:
        raise
    except CaseRefusal as error:
        errors, status = {"_schema": [sentence(str(error))]}, 409
    return show(new_form(address, values=typed, errors=errors, prefix=prefix), status)
