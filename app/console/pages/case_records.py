"""What the page of a case shows of records, and the steps that record something."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.cases.domain import Case
from app.cases.requests import CaseRef
from app.console.entrance import made, session
from app.console.pages import record_forms, record_values
from app.console.pages.case_forms import CaseForm
from app.interactions import acting, reading, recording
from app.interactions.checks import counts_as_contact
from app.interactions.requests import OfCase
from app.staff.permissions import Actor

Values = Mapping[str, Any]


def zone() -> str:
    """Return the time zone in which the reader types times."""
    return session().account.preferences.zone


def record_interaction(actor: Actor, ref: CaseRef, given: Values) -> Case:
    """Record an interaction as its form says."""
    return recording.record(made().records, actor, ref, record_values.facts_of(dict(given), zone(), datetime.now(UTC)))


def record_action(actor: Actor, ref: CaseRef, given: Values) -> Case:
    """Record an action as its form says."""
    return acting.record(made().records, actor, ref, record_values.action_of(dict(given), zone(), datetime.now(UTC)))


RECORDING: Mapping[str, tuple[type[CaseForm], Callable[[Actor, CaseRef, Values], Case], str]] = {
    "interaction": (record_forms.InteractionForm, record_interaction, "The interaction is recorded."),
    "action": (record_forms.ActionForm, record_action, "The action is recorded."),
}


def records_of(actor: Actor, case_id: int) -> OfCase:
    """Return the records of a case."""
    return reading.of_case(made().records, actor, case_id)


def has_contact(records: OfCase) -> bool:
    """Return whether a strong case may be closed without a reason why there was no interaction (A76)."""
    return any(counts_as_contact(each.facts, each.by) for each in records.interactions if each.corrected_by is None)


def next_attempt(records: OfCase) -> int:
    """Return which attempt to reach the customer would be the next one of this case."""
    return 1 + max((each.facts.attempt for each in records.interactions), default=0)
