"""What a record, such as an interaction, does to the case that it is about.

Pure functions of the case and of `now`, as those of `app.cases.steps`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.cases.domain import Case, Change, Status, Step
from app.cases.refusals import WrongState


def by_person(  # noqa: PLR0913  # what a record consists of
    case: Case,
    step: Step,
    now: datetime,
    *,
    detail: Mapping[str, Any],
    note: str = "",
    follow_up: datetime | None = None,
) -> Change:
    """Note what a person has recorded: the state stays, a snooze ends, and in review the case is due at `follow_up`.

    Raises `WrongState` for a case that nobody has taken.
    """
    if case.status is Status.NEW:
        raise WrongState(case, step, ": take it first")
    is_due = follow_up is not None and case.status is Status.IN_REVIEW
    after = replace(
        case,
        snoozed_until=None,
        due_at=follow_up if follow_up is not None and is_due else case.due_at,
        first_action_at=case.first_action_at or now,
        version=case.version + 1,
        events=case.events + 1,
    )
    return Change(case=after, step=step, note=note, detail=detail)


def by_platform(case: Case, step: Step, *, detail: Mapping[str, Any], note: str = "") -> Change:
    """Note what a platform has told, whatever the state; no person's step becomes stale by it."""
    return Change(case=replace(case, events=case.events + 1), step=step, note=note, detail=detail)
