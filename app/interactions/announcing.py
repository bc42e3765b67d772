"""What others are told of an action: that it was recorded, and what people decided about it."""

from collections.abc import Mapping
from typing import Any

from app.interactions.digests import plain
from app.interactions.domain import Action
from app.interactions.words import ActionStep

TOLD = frozenset({None, ActionStep.REVIEWED, ActionStep.CONTEST_DECIDED})  # a platform itself tells of the other steps


def news_of(action: Action, step: ActionStep | None) -> Mapping[str, Any] | None:
    """Return what others are told, None if nothing; `step` is None for an action that was just recorded."""
    if step not in TOLD:
        return None
    taken = action.taken(step) if step else None
    decided = action.decided
    return {
        "action_id": action.id,
        "external_id": action.external_id,
        "user_id": action.user_id,
        "case_id": action.case_id,
        "kind": decided.kind.value,
        "by": decided.by.value,
        "amount": None if decided.amount is None else f"{decided.amount:.2f}",
        "period": plain(decided.period),
        "action_until": decided.action_until and decided.action_until.isoformat().replace("+00:00", "Z"),
        "step": step.value if step else None,
        "review": taken.review.value if taken and taken.review else None,
    }
