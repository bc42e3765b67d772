"""The use cases of one case: take, assign, snooze, monitor, close it, take that back, and add a note.

Each is one transaction. It locks the case, so that of two people at the same moment the second is refused; and it does
nothing if its form was sent before.
"""

from dataclasses import replace
from datetime import datetime
from typing import cast

from app.cases import steps
from app.cases.desk_queries import DeskQueries
from app.cases.domain import REOPENED_WITHIN, Case, Change
from app.cases.queries import CaseQueries, JournalQueries
from app.cases.refusals import CannotWorkOnCases, CaseIsOpen, CaseMoved
from app.cases.requests import CaseRef, Closing, Opening
from app.cases.services import CaseServices, Waiting
from app.cases.stepping import in_place_of_violation, once, record, take_step
from app.staff.permissions import Actor, Permission, Role, permissions_of
from lib.transactions import Transaction


def take(services: CaseServices, actor: Actor, ref: CaseRef) -> Case:
    """Take a case; raises `HeldByAnother`, `WrongState`, `CaseMoved` or `NoSuchCase`, as others here do."""
    actor.require(Permission.CASES_WORK)
    return take_step(services, actor, ref, lambda _, case, __: steps.take(case, actor))


def claim_next(services: CaseServices, actor: Actor, form: str | None = None) -> Case | None:
    """Take the most urgent case that waits; None if none does. Two people at the same moment get different ones."""
    actor.require(Permission.CASES_WORK)

    def begin(current: Transaction) -> Change | None:
        cases = CaseQueries(current)
        if (case := cases.next_waiting()) is None:
            return None
        change = steps.take(case, actor)
        if not record(services, current, change, actor, cases.now(), form):
            return None
        cases.save(change.case)
        return change

    return once(services, form, begin)


def assign(services: CaseServices, actor: Actor, ref: CaseRef, to: int) -> Case:
    """Give a case to somebody, whoever has it; raises `CannotWorkOnCases` if their roles do not allow that."""
    actor.require(Permission.CASES_ASSIGN)

    def decide(current: Transaction, case: Case, _: datetime) -> Change:
        roles = JournalQueries(current).roles_of_active(to)
        if Permission.CASES_WORK not in permissions_of(map(Role, roles)):
            raise CannotWorkOnCases(to)
        return steps.assign(case, to)

    return take_step(services, actor, ref, decide)


def release(services: CaseServices, actor: Actor, ref: CaseRef) -> Case:
    """Put a case back, so that it waits for somebody again."""
    actor.require(Permission.CASES_WORK)
    return take_step(services, actor, ref, lambda _, case, __: steps.release(case, actor))


def snooze(services: CaseServices, actor: Actor, ref: CaseRef, *, until: datetime, reason: str) -> Case:
    """Hide a case until a time, or an alert; raises `WrongTime` or `TextNeeded`."""
    actor.require(Permission.CASES_WORK)
    return take_step(services, actor, ref, lambda _, case, now: steps.snooze(case, actor, until, reason, now))


def wake(services: CaseServices, actor: Actor, ref: CaseRef) -> Case:
    """Show a snoozed case again; raises `NotSnoozed`."""
    actor.require(Permission.CASES_WORK)
    return take_step(services, actor, ref, lambda _, case, now: steps.wake(case, now))


def wait_for_effect(
    services: CaseServices, actor: Actor, ref: CaseRef, *, evaluate_at: datetime, note: str = ""
) -> Case:
    """Monitor a case until its effect can be told; then it comes back. Raises `WrongTime`."""
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        change = steps.wait_for_effect(case, evaluate_at, note, now)
        begun = Waiting(case=change.case, actor=actor, since=now, until=evaluate_at, expected=change.note)
        return replace(change, detail=services.begin_evaluation(current, begun))

    return take_step(services, actor, ref, decide)


def close(services: CaseServices, actor: Actor, ref: CaseRef, closing: Closing) -> Case:
    """Close a case; raises `CaseMoved` if it has more alerts than the form showed.

    Also raises `LeadNeeded`, `TextNeeded`, or `ActionsOpen` while automated actions wait for a person.
    """
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        if closing.alerts is not None and case.alert_count > closing.alerts and case.is_open:
            raise CaseMoved(case, JournalQueries(current).with_more_alerts(case.id, closing.alerts))
        return steps.close(
            case,
            actor,
            closing.outcome,
            closing.reason,
            now,
            has_interaction=services.has_interaction(current, case.id),
            open_actions=services.open_actions(current, case.id),
            why_no_interaction=closing.why_no_interaction,
        )

    return take_step(services, actor, ref, decide)


def undo_close(services: CaseServices, actor: Actor, ref: CaseRef) -> Case:
    """Take a closing back; raises `TooLateToUndo`, or `CaseIsOpen` if the player has got another case."""
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        change = steps.undo(case, actor, now)
        if other := CaseQueries(current).open_of([case.user_id]).get(case.user_id):
            raise CaseIsOpen(case.user_id, other.id)
        return change

    return in_place_of_violation(services, ref.case_id, lambda: take_step(services, actor, ref, decide))


def note(services: CaseServices, actor: Actor, ref: CaseRef, text: str) -> Case:
    """Add a note, and forget the draft of it; the version that the form showed does not matter."""
    actor.require(Permission.CASES_WORK)

    def decide(current: Transaction, case: Case, _: datetime) -> Change:
        if actor.staff_id is not None:
            DeskQueries(current).drop_draft(case.id, actor.staff_id)
        return steps.note(case, text)

    return take_step(services, actor, CaseRef(case_id=ref.case_id, form=ref.form), decide)


def open_by_hand(services: CaseServices, actor: Actor, opening: Opening, form: str | None = None) -> Case:
    """Open a case about what a person has noticed; raises `CaseIsOpen` or `TextNeeded`."""
    actor.require(Permission.CASES_WORK)

    def begin(current: Transaction) -> Change | None:
        cases = CaseQueries(current)
        now, before = cases.now(), cases.last_of(opening.user_id)
        if before and before.is_open:
            raise CaseIsOpen(opening.user_id, before.id)
        change = steps.open_by_hand(
            opening.user_id,
            opening.indicator,
            opening.strength,
            opening.reason,
            now,
            before=before,
            is_recent=bool(before and before.closed_at and now - before.closed_at <= REOPENED_WITHIN),
        )
        opened = cases.add(change.case)
        if opened is None:
            raise CaseIsOpen(opening.user_id, cases.open_of([opening.user_id])[opening.user_id].id)
        change = replace(change, case=opened)
        return change if record(services, current, change, actor, now, form) else None

    return cast("Case", once(services, form, begin))  # a case is always opened, now or by the form's first sending
