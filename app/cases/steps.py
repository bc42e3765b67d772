"""What people do with a case: for each step what must hold, and the case after it.

Pure functions of the case, of who acts, and of `now`; each raises a refusal, whose text says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from app.cases.domain import (
    LEAST_URGENT,
    MAX_NOTE,
    MAX_REASON,
    MOST_URGENT,
    Case,
    Change,
    Outcome,
    Status,
    Step,
    due_from,
    more_urgent,
)
from app.cases.refusals import (
    ActionsOpen,
    HeldByAnother,
    LeadNeeded,
    NotSnoozed,
    PersonNeeded,
    TextNeeded,
    TooLateToUndo,
    WrongState,
    WrongTime,
)
from app.rules.meaning import Indicator, Strength
from app.staff.permissions import Actor, Permission

SNOOZE, SNOOZE_OF_LEAD = timedelta(days=7), timedelta(days=30)
UNDO, UNDO_OF_LEAD = timedelta(minutes=10), timedelta(hours=24)
MAX_WAIT = timedelta(days=90)  # for an effect
WHY = "why_no_interaction"
TAKE_IT_FIRST = ": take it first"


def take(case: Case, actor: Actor) -> Change:
    """Make the actor responsible; a snoozed case wakes."""
    if not case.is_open:
        raise WrongState(case, Step.TAKEN)
    if case.assignee not in {None, actor.staff_id}:
        raise HeldByAnother(case)
    if actor.staff_id is None:
        raise PersonNeeded
    taken = replace(case, status=_at_least_in_review(case), assignee=actor.staff_id, snoozed_until=None)
    return _moved(Step.TAKEN, taken)


def assign(case: Case, to: int) -> Change:
    """Make somebody responsible, whoever was before; a snoozed case wakes."""
    if not case.is_open:
        raise WrongState(case, Step.ASSIGNED)
    return _moved(Step.ASSIGNED, replace(case, status=_at_least_in_review(case), assignee=to, snoozed_until=None))


def release(case: Case, actor: Actor) -> Change:
    """Put a case back, so that it waits for somebody again; of somebody else's, only a lead may."""
    if case.status is not Status.IN_REVIEW:
        raise WrongState(case, Step.RELEASED)
    if case.assignee != actor.staff_id and not actor.may(Permission.CASES_ASSIGN):
        raise HeldByAnother(case)
    return _moved(Step.RELEASED, replace(case, status=Status.NEW, assignee=None, snoozed_until=None))


def snooze(case: Case, actor: Actor, until: datetime, reason: str, now: datetime) -> Change:
    """Hide a case until a time, or an alert; for up to 7 days, a lead for up to 30."""
    if case.status not in {Status.NEW, Status.IN_REVIEW}:
        raise WrongState(case, Step.SNOOZED)
    longest = SNOOZE_OF_LEAD if leads(actor) else SNOOZE
    _check_time(until, now, longest, hint="" if leads(actor) else f", a lead {SNOOZE_OF_LEAD.days}")
    return _moved(Step.SNOOZED, replace(case, snoozed_until=until), note=_reason(reason))


def wake(case: Case, now: datetime) -> Change:
    """Show a snoozed case again; it is due as if it had just come."""
    if case.snoozed_until is None:
        raise NotSnoozed(case)
    return _moved(Step.WOKEN, replace(case, snoozed_until=None, due_at=due_from(now, case.strength)))


def wait_for_effect(case: Case, until: datetime, note: str, now: datetime) -> Change:
    """Wait until it can be told what has changed; then the case comes back."""
    if case.status is not Status.IN_REVIEW:
        raise WrongState(case, Step.WAITING, TAKE_IT_FIRST if case.status is Status.NEW else "")
    _check_time(until, now, MAX_WAIT)
    waiting = replace(
        case,
        status=Status.MONITORING,
        due_at=until,
        snoozed_until=None,
        first_action_at=case.first_action_at or now,
    )
    return _moved(Step.WAITING, waiting, note=_text(note, MAX_REASON, "note"))


def come_back(case: Case, now: datetime) -> Change:
    """Put a monitored case, whose time has come, back into review; one priority more urgent."""
    if case.status is not Status.MONITORING or case.due_at > now:
        raise WrongState(case, Step.RETURNED)
    priority, due = more_urgent(case.priority), due_from(now, case.strength)
    return _moved(Step.RETURNED, replace(case, status=Status.IN_REVIEW, priority=priority, due_at=due))


def close(  # noqa: PLR0913  # each is asked for in the form
    case: Case,
    actor: Actor,
    outcome: Outcome,
    reason: str,
    now: datetime,
    *,
    has_interaction: bool,
    open_actions: Sequence[int] = (),
    why_no_interaction: str = "",
) -> Change:
    """Close a case; a strong one without an interaction takes a lead, who says why there was none.

    `open_actions` are its automated actions that wait for a person (A77).
    """
    if case.status not in {Status.IN_REVIEW, Status.MONITORING}:
        raise WrongState(case, Step.CLOSED, TAKE_IT_FIRST if case.status is Status.NEW else "")
    if open_actions:
        raise ActionsOpen(case, open_actions)
    reason, why = _reason(reason), _text(why_no_interaction, MAX_REASON, WHY)
    if case.strength is Strength.STRONG and not has_interaction:
        _check_without_interaction(case, actor, why)
    ended = replace(
        case,
        status=Status.CLOSED,
        outcome=outcome,
        closed_at=now,
        closed_by=actor.staff_id,
        first_action_at=case.first_action_at or now,
        snoozed_until=None,
    )
    return _moved(Step.CLOSED, ended, note=reason, detail={"why_no_interaction": why} if why else {})


def undo(case: Case, actor: Actor, now: datetime) -> Change:
    """Take a closing back: who closed within 10 minutes, a lead within 24 hours.

    That the player has no other open case is the caller's to check.
    """
    if case.closed_at is None:
        raise WrongState(case, Step.UNDONE)
    age = now - case.closed_at
    is_closer = actor.staff_id is not None and actor.staff_id == case.closed_by
    if not (is_closer and age <= UNDO) and not (leads(actor) and age <= UNDO_OF_LEAD):
        raise TooLateToUndo(
            f"you can no longer undo the closing of case {case.id}: its closer has 10 minutes for that, a lead 24 hours"
        )
    return _moved(Step.UNDONE, replace(case, status=Status.IN_REVIEW, outcome=None, closed_at=None, closed_by=None))


def note(case: Case, text: str) -> Change:
    """Add a note, whatever the state; no other person's step becomes stale by it."""
    if not text.strip():
        raise TextNeeded("enter a note", "note")
    return Change(case=replace(case, events=case.events + 1), step=Step.NOTED, note=_text(text, MAX_NOTE, "note"))


def open_by_hand(  # noqa: PLR0913  # each is asked for in the form
    user_id: int,
    indicator: Indicator,
    strength: Strength,
    reason: str,
    now: datetime,
    *,
    before: Case | None,
    is_recent: bool,
) -> Change:
    """Open a case about what a person has noticed; its id is 0 until it is stored.

    `before` is the player's last case, which is closed, and `is_recent` whether that was within 30 days.
    """
    priority = MOST_URGENT if strength is Strength.STRONG else 1 if is_recent else LEAST_URGENT
    opened = Case(
        id=0,
        user_id=user_id,
        status=Status.NEW,
        strength=strength,
        priority=priority,
        opened_at=now,
        last_alert_at=now,
        due_at=due_from(now, strength),
        reopened_from=before.id if before else None,
        indicator=indicator,
        sentence=_reason(reason),
        events=1,
    )
    return Change(case=opened, step=Step.OPENED, note=opened.sentence, detail={"indicator": indicator.value})


def leads(actor: Actor) -> bool:
    """Return whether this actor reviews what others do with cases."""
    return actor.may(Permission.CASES_REVIEW)


def _moved(step: Step, after: Case, *, note: str = "", detail: Mapping[str, str] = MappingProxyType({})) -> Change:
    """Return a step after which whoever saw the case before must look again."""
    counted = replace(after, version=after.version + 1, events=after.events + 1)
    return Change(case=counted, step=step, note=note, detail=detail)


def _at_least_in_review(case: Case) -> Status:
    return Status.IN_REVIEW if case.status is Status.NEW else case.status


def _check_time(until: datetime, now: datetime, longest: timedelta, hint: str = "") -> None:
    if not now < until <= now + longest:
        raise WrongTime(f"choose a time after now, and at most {longest.days} days from now{hint}")


def _check_without_interaction(case: Case, actor: Actor, why: str) -> None:
    if not leads(actor):
        raise LeadNeeded(f"case {case.id} is strong and has no interaction: record one, or let a lead close it")
    if not why:
        raise TextNeeded(f"case {case.id} is strong and has no interaction: say why there was none", WHY)


def _reason(text: str) -> str:
    if not text.strip():
        raise TextNeeded("enter a reason")
    return _text(text, MAX_REASON, "reason")


def _text(text: str, longest: int, field: str) -> str:
    if len(text) > longest:
        raise TextNeeded(f"the text has {len(text):,} characters; {longest:,} is the maximum", field)
    return text.strip()
