"""What people may do with a case: each step of "States of a case", both sides of each edge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from app.cases import steps
from app.cases.domain import MAX_NOTE, MAX_REASON, Case, Change, Outcome, Status, Step
from app.cases.refusals import (
    CaseRefusal,
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
from app.staff.permissions import Actor, Role, person, shell

NOW = datetime(2026, 11, 28, 7, tzinfo=UTC)
ANN, BEN, LEA = person(1, "Ann", [Role.ANALYST]), person(2, "Ben", [Role.ANALYST]), person(3, "Lea", [Role.LEAD])
HOUR, DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
NEW = Case(
    id=5,
    user_id=7,
    status=Status.NEW,
    strength=Strength.NORMAL,
    priority=3,
    codes=(30,),
    alert_count=1,
    opened_at=NOW - HOUR,
    last_alert_at=NOW - HOUR,
    due_at=NOW + 23 * HOUR,
    version=4,
    events=6,
)
HELD = replace(NEW, status=Status.IN_REVIEW, assignee=1)
MONITORED = replace(HELD, status=Status.MONITORING)
CLOSED = replace(HELD, status=Status.CLOSED, outcome=Outcome.INFORMED, closed_at=NOW, closed_by=1)
IN_STATE = {case.status: case for case in (NEW, HELD, MONITORED, CLOSED)}
STRONG = replace(HELD, strength=Strength.STRONG)

STEPS: dict[Step, Callable[[Case], Change]] = {
    Step.TAKEN: lambda case: steps.take(case, ANN),
    Step.ASSIGNED: lambda case: steps.assign(case, 2),
    Step.RELEASED: lambda case: steps.release(case, ANN),
    Step.SNOOZED: lambda case: steps.snooze(case, ANN, NOW + HOUR, "busy", NOW),
    Step.WAITING: lambda case: steps.wait_for_effect(case, NOW + DAY, "", NOW),
    Step.CLOSED: lambda case: steps.close(case, ANN, Outcome.INFORMED, "told", NOW, has_interaction=False),
    Step.UNDONE: lambda case: steps.undo(case, ANN, NOW),
    Step.RETURNED: lambda case: steps.come_back(case, NOW + 2 * DAY),
    Step.NOTED: lambda case: steps.note(case, "seen"),
}
HELD_AFTERWARDS = {
    Status.NEW: Status.IN_REVIEW,
    Status.IN_REVIEW: Status.IN_REVIEW,
    Status.MONITORING: Status.MONITORING,
}
LEADS_TO = {
    Step.TAKEN: HELD_AFTERWARDS,
    Step.ASSIGNED: HELD_AFTERWARDS,
    Step.RELEASED: {Status.IN_REVIEW: Status.NEW},
    Step.SNOOZED: {Status.NEW: Status.NEW, Status.IN_REVIEW: Status.IN_REVIEW},
    Step.WAITING: {Status.IN_REVIEW: Status.MONITORING},
    Step.CLOSED: {Status.IN_REVIEW: Status.CLOSED, Status.MONITORING: Status.CLOSED},
    Step.UNDONE: {Status.CLOSED: Status.IN_REVIEW},
    Step.RETURNED: {Status.MONITORING: Status.IN_REVIEW},
    Step.NOTED: {status: status for status in Status},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_in_each_state(step: Step, status: Status) -> None:
    case, take = IN_STATE[status], STEPS[step]
    after = LEADS_TO[step].get(status)
    if after is None:
        with pytest.raises(WrongState, match=r"case 5 is .*, so it cannot be "):
            take(case)
        return
    change = take(case)
    assert (change.case.status, change.step) == (after, step)
    assert change.case.events == case.events + 1
    assert change.case.version == case.version + (step is not Step.NOTED)


def test_whoever_takes_a_case_has_it() -> None:
    assert steps.take(NEW, BEN).case.assignee == 2
    assert steps.take(replace(HELD, assignee=None), BEN).case.assignee == 2


def test_nobody_takes_what_somebody_else_has_but_a_lead_assigns_it() -> None:
    with pytest.raises(HeldByAnother, match="a lead can assign it to you"):
        steps.take(HELD, BEN)
    assert steps.assign(HELD, 2).case.assignee == 2


def test_the_shell_takes_nothing() -> None:
    with pytest.raises(PersonNeeded):
        steps.take(NEW, shell("root"))


@pytest.mark.parametrize("step", [Step.TAKEN, Step.ASSIGNED, Step.WAITING, Step.CLOSED])
def test_whoever_works_on_a_snoozed_case_wakes_it(step: Step) -> None:
    assert STEPS[step](replace(HELD, snoozed_until=NOW + DAY)).case.snoozed_until is None


def test_a_case_is_put_back_by_who_has_it_or_by_a_lead() -> None:
    assert steps.release(HELD, ANN).case.assignee is None
    assert steps.release(HELD, LEA).case.assignee is None
    with pytest.raises(HeldByAnother):
        steps.release(HELD, BEN)


@pytest.mark.parametrize(("actor", "days"), [(ANN, 7), (LEA, 30)])
def test_how_long_who_may_snooze(actor: Actor, days: int) -> None:
    snooze = partial(steps.snooze, HELD, actor, reason="on holiday", now=NOW)
    assert snooze(until=NOW + timedelta(days=days)).case.snoozed_until == NOW + timedelta(days=days)
    assert snooze(until=NOW + MOMENT).note == "on holiday"
    for until in (NOW + timedelta(days=days) + MOMENT, NOW, NOW - DAY):
        with pytest.raises(WrongTime, match=f"at most {days} days"):
            snooze(until=until)


@pytest.mark.parametrize("reason", ["", " \n"])
@pytest.mark.parametrize(
    "step",
    [
        lambda reason: steps.snooze(HELD, ANN, NOW + DAY, reason, NOW),
        lambda reason: steps.close(HELD, ANN, Outcome.INFORMED, reason, NOW, has_interaction=True),
        lambda reason: steps.note(HELD, reason),
        lambda reason: steps.open_by_hand(
            7, Indicator.TIME, Strength.NORMAL, reason, NOW, before=None, is_recent=False
        ),
    ],
)
def test_steps_that_take_a_reason(step: Callable[[str], Change], reason: str) -> None:
    with pytest.raises(TextNeeded):
        step(reason)
    assert step(" because ").note == "because"


def test_how_long_a_text_may_be() -> None:
    assert steps.note(HELD, "x" * MAX_NOTE).note == "x" * MAX_NOTE
    with pytest.raises(TextNeeded, match="10,001 characters; 10,000 is the maximum"):
        steps.note(HELD, "x" * (MAX_NOTE + 1))
    with pytest.raises(TextNeeded, match="2,001"):
        steps.snooze(HELD, ANN, NOW + DAY, "x" * (MAX_REASON + 1), NOW)


@pytest.mark.parametrize(("strength", "hours"), [(Strength.NORMAL, 24), (Strength.STRONG, 1)])
def test_a_woken_case_is_due_anew(strength: Strength, hours: int) -> None:
    asleep = replace(HELD, strength=strength, snoozed_until=NOW + DAY)
    after = steps.wake(asleep, NOW).case
    assert (after.snoozed_until, after.due_at) == (None, NOW + hours * HOUR)
    with pytest.raises(NotSnoozed):
        steps.wake(after, NOW)


def test_how_long_one_may_wait_for_an_effect() -> None:
    after = steps.wait_for_effect(HELD, NOW + 90 * DAY, "limit set", NOW).case
    assert (after.due_at, after.first_action_at) == (NOW + 90 * DAY, NOW)
    for until in (NOW, NOW + 90 * DAY + MOMENT):
        with pytest.raises(WrongTime, match="at most 90 days"):
            steps.wait_for_effect(HELD, until, "", NOW)


@pytest.mark.parametrize(("before", "after"), [(3, 2), (1, 0), (0, 0)])
def test_a_monitored_case_comes_back_when_its_time_has_come_and_more_urgent(before: int, after: int) -> None:
    waiting = replace(MONITORED, priority=before, due_at=NOW)
    back = steps.come_back(waiting, NOW).case
    assert (back.priority, back.due_at, back.assignee) == (after, NOW + DAY, 1)
    with pytest.raises(WrongState):
        steps.come_back(waiting, NOW - MOMENT)


def test_a_closed_case_says_what_came_out_and_who_closed_it() -> None:
    after = steps.close(HELD, BEN, Outcome.NO_CONCERN, "a gift", NOW, has_interaction=False).case
    assert (after.outcome, after.closed_at, after.closed_by, after.first_action_at) == (Outcome.NO_CONCERN, NOW, 2, NOW)


def test_a_strong_case_without_an_interaction_is_closed_by_a_lead_who_says_why() -> None:
    def close(actor: Actor, why: str, *, has_interaction: bool = False) -> Change:
        return steps.close(
            STRONG, actor, Outcome.EXCLUDED, "x", NOW, has_interaction=has_interaction, why_no_interaction=why
        )

    with pytest.raises(LeadNeeded):
        close(ANN, "gone")
    with pytest.raises(TextNeeded, match="say why"):
        close(LEA, " ")
    assert close(LEA, "gone").detail == {"why_no_interaction": "gone"}
    assert close(ANN, "", has_interaction=True).case.status is Status.CLOSED


@pytest.mark.parametrize(
    ("actor", "age", "may"),
    [
        (ANN, timedelta(minutes=10), True),
        (ANN, timedelta(minutes=10) + MOMENT, False),
        (BEN, MOMENT, False),
        (LEA, DAY, True),
        (LEA, DAY + MOMENT, False),
    ],
)
def test_who_may_undo_a_closing_and_for_how_long(actor: Actor, age: timedelta, may: bool) -> None:  # noqa: FBT001
    if not may:
        with pytest.raises(TooLateToUndo):
            steps.undo(CLOSED, actor, NOW + age)
        return
    after = steps.undo(CLOSED, actor, NOW + age).case
    assert (after.outcome, after.closed_at, after.closed_by, after.assignee) == (None, None, None, 1)


def test_a_program_that_closed_a_case_is_nobody_who_may_undo_it() -> None:
    nobody = replace(ANN, staff_id=None)
    with pytest.raises(TooLateToUndo):
        steps.undo(replace(CLOSED, closed_by=None), nobody, NOW)


@pytest.mark.parametrize(
    ("strength", "is_recent", "priority", "hours"),
    [
        (Strength.NORMAL, False, 3, 24),
        (Strength.NORMAL, True, 1, 24),
        (Strength.STRONG, False, 0, 1),
        (Strength.STRONG, True, 0, 1),
    ],
)
def test_a_case_opened_by_hand(strength: Strength, is_recent: bool, priority: int, hours: int) -> None:  # noqa: FBT001
    opened = steps.open_by_hand(
        7, Indicator.TIME, strength, "plays at night", NOW, before=CLOSED, is_recent=is_recent
    ).case
    assert (opened.status, opened.priority, opened.due_at) == (Status.NEW, priority, NOW + hours * HOUR)
    assert (opened.reopened_from, opened.indicator, opened.sentence) == (5, Indicator.TIME, "plays at night")


def test_every_refusal_is_one_sentence() -> None:
    for refused in CaseRefusal.__subclasses__():
        assert refused.__doc__
