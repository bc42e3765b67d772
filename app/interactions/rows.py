"""Records as the rows of their tables, and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.interactions.digests import digest_of, plain
from app.interactions.domain import Action, Conclusion, Decided, Evaluation, Facts, Interaction, Taken
from app.interactions.words import (
    ActionKind,
    ActionStep,
    Answer,
    By,
    Channel,
    Concern,
    Directness,
    Offer,
    Period,
    Response,
    Review,
    Source,
    Verdict,
)

Values = dict[str, Any]

FACTS = tuple(each.name for each in fields(Facts))
WORDS_OF_FACTS: Mapping[str, type] = {
    "channel": Channel,
    "directness": Directness,
    "reached": Answer,
    "concern": Concern,
    "response": Response,
    "understood": Answer,
}
LISTS_OF_FACTS: Mapping[str, type] = {
    "prompt_alerts": int,
    "sources": Source,
    "offered": Offer,
    "accepted": Offer,
    "actions": ActionKind,
}


def sealed(values: Values) -> Values:
    """Return the columns of a record with its digest."""
    return {**values, "digest": digest_of(values)}


def values_of_facts(facts: Facts) -> Values:
    """Return what somebody says about an interaction, as its row has it."""
    values = {name: getattr(facts, name) for name in FACTS}
    return {name: value if isinstance(value, datetime) else plain(value) for name, value in values.items()}


def facts_of(row: Row[Any]) -> Facts:
    """Return what a row says about an interaction."""
    values = {name: getattr(row, name) for name in FACTS}
    words = {name: kind(values[name]) for name, kind in WORDS_OF_FACTS.items() if values[name] is not None}
    lists = {name: tuple(map(kind, values[name])) for name, kind in LISTS_OF_FACTS.items()}
    return Facts(**{**values, **words, **lists})


def interaction_of(row: Row[Any]) -> Interaction:
    """Return an interaction from its row, which has the record that corrects it as `corrected_by`."""
    names = ("id", "user_id", "case_id", "who", "staff_id", "recorded_at", "behaviour", "external_id")
    more = ("corrects_id", "correction_reason", "corrected_by")
    values = {name: getattr(row, name) for name in (*names, *more)}
    return Interaction(**values, by=By(row.by), facts=facts_of(row))


def values_of_decided(decided: Decided) -> Values:
    """Return what somebody says about an action, as its row has it."""
    return {
        "kind": decided.kind.value,
        "by": decided.by.value,
        "decided_at": decided.decided_at,
        "reason": decided.reason,
        "codes": list(decided.codes),
        "amount": decided.amount,
        "period": decided.period.value if decided.period else None,
        "action_until": decided.action_until,
    }


def action_of(row: Row[Any], steps: tuple[Taken, ...] = ()) -> Action:
    """Return an action from its row, with the steps that it has taken."""
    decided = Decided(
        kind=ActionKind(row.kind),
        by=By(row.by),
        decided_at=row.decided_at,
        reason=row.reason,
        codes=tuple(row.codes),
        amount=row.amount,
        period=Period(row.period) if row.period else None,
        action_until=row.action_until,
        review_due_at=row.review_due_at,
    )
    names = ("id", "user_id", "case_id", "who", "staff_id", "recorded_at", "behaviour", "external_id")
    return Action(**{name: getattr(row, name) for name in names}, decided=decided, steps=steps)


def values_of_step(action_id: int, taken: Taken) -> Values:
    """Return a step of an action as its row has it."""
    values = {each.name: getattr(taken, each.name) for each in fields(Taken)}
    words = {"step": taken.step.value, "review": taken.review.value if taken.review else None}
    return {"action_id": action_id, **values, **words}


def step_of(row: Row[Any]) -> Taken:
    """Return a step of an action from its row."""
    values = {each.name: getattr(row, each.name) for each in fields(Taken)}
    review = Review(row.review) if row.review else None
    return Taken(**{**values, "step": ActionStep(row.step), "review": review})


def evaluation_of(row: Row[Any], conclusion: Conclusion | None) -> Evaluation:
    """Return an evaluation from its row, with what somebody decided about it."""
    names = (each.name for each in fields(Evaluation) if each.name != "conclusion")
    return Evaluation(**{name: getattr(row, name) for name in names}, conclusion=conclusion)


def values_of_evaluation(evaluation: Evaluation) -> Values:
    """Return an evaluation as its row has it; its id comes from there."""
    names = (each.name for each in fields(Evaluation) if each.name not in {"id", "conclusion"})
    return {name: getattr(evaluation, name) for name in names}


def conclusion_of(row: Row[Any]) -> Conclusion:
    """Return what somebody decided about an evaluation from its row."""
    values = {each.name: getattr(row, each.name) for each in fields(Conclusion)}
    return Conclusion(**{**values, "proposed": Verdict(row.proposed), "verdict": Verdict(row.verdict)})


def values_of_conclusion(evaluation_id: int, conclusion: Conclusion) -> Values:
    """Return what somebody decided about an evaluation as its row has it; other players are not compared yet."""
    values = {each.name: getattr(conclusion, each.name) for each in fields(Conclusion)}
    words = {"proposed": conclusion.proposed.value, "verdict": conclusion.verdict.value}
    return {"evaluation_id": evaluation_id, **values, **words, "comparison": None}
