"""Interactions, actions and evaluations: what may be recorded by whom, and what that does to a case; A76 to A78."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from app.cases import controllers
from app.cases.domain import Outcome, Status
from app.cases.refusals import ActionsOpen, CaseMoved, LeadNeeded, WrongState
from app.cases.requests import CaseRef, Closing
from app.interactions import acting, action_steps, evaluating, reading, recording
from app.interactions.refusals import (
    AlreadyCorrected,
    AlreadyDecided,
    IdTaken,
    NoSuchAction,
    NoSuchEvaluation,
    NoSuchInteraction,
    SamePerson,
    StepTaken,
    StepTooEarly,
    WrongRecord,
)
from app.interactions.requests import Concluding, Judgement, RecordsQuery
from app.interactions.words import ActionStep, Answer, By, Channel, Review, Verdict
from app.staff.permissions import Actor, NotPermitted, Permission, Role
from tests.integration.casework import STRONG_CODE, member, seen
from tests.integration.clients import send
from tests.integration.conftest import AppWith, Sql
from tests.integration.recordings import BY_HAND, CALL, CONTESTED, EXECUTED, NOW, PLATFORM, SOON, Records

DONE = Closing(outcome=Outcome.INFORMED, reason="talked about it")
UPHELD = Judgement(review=Review.UPHELD, reason="The numbers are right.")
LIFTED = Judgement(review=Review.LIFTED, reason="The income is proved.")
BETTER = Concluding(verdict=Verdict.IMPROVED, reason="Half of it.")
EVERYTHING = frozenset(Permission)


@pytest.fixture
def records(app: APIFlask, sql: Sql) -> Records:
    return Records(app, sql)


@pytest.fixture
def ann(sql: Sql) -> Actor:
    return member(sql, "Ann", Role.ANALYST)


@pytest.fixture
def lea(sql: Sql) -> Actor:
    return member(sql, "Lea", Role.LEAD)


@pytest.fixture
def max_(sql: Sql) -> Actor:
    return member(sql, "Max", Role.LEAD)


NEED: dict[str, tuple[Permission, Callable[[Records, Actor], Any]]] = {
    "record": (Permission.INTERACTIONS_WRITE, lambda r, who: r.call(who, replace(r.work.opened(7), id=1))),
    "correct": (Permission.INTERACTIONS_WRITE, lambda r, who: recording.correct(r.services, who, 1, CALL, "x")),
    "act": (
        Permission.INTERACTIONS_WRITE,
        lambda r, who: acting.record(r.services, who, CaseRef(case_id=1), BY_HAND),
    ),
    "step": (Permission.INTERACTIONS_WRITE, lambda r, who: action_steps.step(r.services, who, 1, EXECUTED)),
    "review": (Permission.CASES_REVIEW, lambda r, who: action_steps.review(r.services, who, 1, UPHELD)),
    "contest": (Permission.CASES_REVIEW, lambda r, who: action_steps.decide_contest(r.services, who, 1, UPHELD)),
    "conclude": (Permission.INTERACTIONS_WRITE, lambda r, who: evaluating.conclude(r.services, who, 1, BETTER)),
    "show": (Permission.CASES_READ, lambda r, who: evaluating.show(r.services, who, 1)),
    "waiting": (Permission.CASES_READ, lambda r, who: reading.waiting(r.services, who)),
    "of case": (Permission.CASES_READ, lambda r, who: reading.of_case(r.services, who, 1)),
    "interactions": (
        Permission.CASES_READ,
        lambda r, who: reading.interactions(r.services, who, RecordsQuery(limit=1)),
    ),
    "interaction": (Permission.CASES_READ, lambda r, who: reading.interaction(r.services, who, 1)),
    "action": (Permission.CASES_READ, lambda r, who: reading.action(r.services, who, 1)),
    "evaluation": (Permission.CASES_READ, lambda r, who: reading.evaluation(r.services, who, 1)),
}


def test_each_use_case_needs_its_permission(records: Records) -> None:
    for name, (needed, use_case) in NEED.items():
        with pytest.raises(NotPermitted) as refused:
            use_case(records, Actor(name="x", permissions=EVERYTHING - {needed}, staff_id=1))
        assert refused.value.permission is needed, name


def test_what_does_not_exist_is_said(records: Records, lea: Actor) -> None:
    services = records.services
    with pytest.raises(NoSuchInteraction):
        recording.correct(services, lea, 4711, CALL, "x")
    with pytest.raises(NoSuchAction):
        action_steps.review(services, lea, 4711, UPHELD)
    with pytest.raises(NoSuchEvaluation):
        evaluating.conclude(services, lea, 4711, BETTER)


def test_an_interaction_keeps_the_case_in_review_and_says_what_comes_next(records: Records, ann: Actor) -> None:
    """A76."""
    case = records.taken(ann)
    after = records.call(ann, case, sources=(), attempt=2)
    assert (after.status, after.due_at, after.version) == (Status.IN_REVIEW, SOON, case.version + 1)
    assert after.first_action_at is not None
    found = records.newest(after)
    assert (found.facts.said, found.facts.attempt, found.by, found.who) == (CALL.said, 2, By.STAFF, ann.name)
    event = records.work.journal(case.id)[-1]
    assert (event.step.value, event.note, event.detail["interaction"]) == ("interaction", "Call again", found.id)


def test_what_the_player_did_before_is_kept(app_with: AppWith, sql: Sql) -> None:
    """A76: what is played later changes nothing of it."""
    app = app_with()
    records, client, ann = Records(app, sql), app.test_client(), member(sql, "Ann", Role.ANALYST)
    for t, kind, amount in ((10, "deposit", "50"), (20, "deposit", "30.50"), (30, "withdraw", "20")):
        send(client, kind, amount, t, user_id=7)
    case = records.taken(ann)
    records.call(ann, case)
    before = records.newest(case).behaviour
    send(client, "deposit", "999", 40, user_id=7)
    assert before["t"] == 30
    assert [window["seconds"] for window in before["windows"]] == [86_400, 604_800, 2_592_000]
    day = before["windows"][0]
    assert (day["deposits"], day["deposited"], day["largest_deposit"], day["net"]) == (2, "80.50", "50.00", "60.50")
    assert (day["withdrawals"], day["days"], day["alerts"], day["codes"]) == (1, 1, 1, {"30": 1})
    assert records.newest(case).behaviour == before


@pytest.mark.parametrize(
    ("changed", "members"),
    [
        ({"next_step": " "}, {"next_step"}),
        ({"follow_up_due_at": None}, {"follow_up_due_at"}),
        ({"follow_up_due_at": NOW - timedelta(days=1)}, {"follow_up_due_at"}),
        ({"follow_up_due_at": NOW + timedelta(days=91)}, {"follow_up_due_at"}),
        ({"said": ""}, {"said"}),
        ({"channel": Channel.NONE, "reached": Answer.YES}, {"not_contacted_reason", "reached"}),
        ({"occurred_at": NOW + timedelta(hours=1)}, {"occurred_at"}),
    ],
)
def test_an_interaction_that_cannot_be_is_refused(
    records: Records, ann: Actor, changed: dict[str, Any], members: set[str]
) -> None:
    case = records.taken(ann)
    with pytest.raises(WrongRecord) as refused:
        records.call(ann, case, **changed)
    assert set(refused.value.errors) == members
    assert records.sql("SELECT count(*) FROM interaction") == [(0,)]


def test_a_case_must_be_taken_first_and_a_form_counts_once(records: Records, ann: Actor) -> None:
    case = records.work.opened(7)
    with pytest.raises(WrongState, match="is new, so it cannot be given an interaction: take it first"):
        records.call(ann, case)
    taken = controllers.take(records.work.services, ann, seen(case))
    for _ in range(2):
        records.call(ann, taken, form="one")
    assert records.sql("SELECT count(*) FROM interaction") == [(1,)]
    with pytest.raises(CaseMoved):
        recording.record(records.services, ann, seen(taken, form="two"), CALL)


@pytest.mark.parametrize(
    ("changed", "may_close"),
    [
        ({}, True),
        ({"reached": Answer.UNKNOWN}, True),
        ({"reached": Answer.NO}, False),
        ({"channel": Channel.NONE, "reached": Answer.NO, "said": "", "not_contacted_reason": "no number"}, False),
    ],
)
def test_a_strong_case_closes_after_contact_only(
    records: Records, ann: Actor, changed: dict[str, Any], *, may_close: bool
) -> None:
    """A76: an attempt without an answer is none."""
    after = records.call(ann, records.taken(ann, code=STRONG_CODE), **changed)
    if may_close:
        assert controllers.close(records.work.services, ann, seen(after), DONE).status is Status.CLOSED
    else:
        with pytest.raises(LeadNeeded):
            controllers.close(records.work.services, ann, seen(after), DONE)


def test_what_a_platform_sends_is_no_contact_and_disturbs_nobody(records: Records, ann: Actor) -> None:
    """A76."""
    case = records.taken(ann, code=STRONG_CODE)
    told = records.pop_up()
    assert (told.interaction.case_id, told.interaction.by, told.is_replay) == (case.id, By.PLATFORM, False)
    assert records.work.case_of(7).version == case.version
    with pytest.raises(LeadNeeded):
        controllers.close(records.work.services, ann, seen(case), DONE)
    assert records.pop_up(user_id=8, external_id="msg-2").interaction.case_id is None


def test_the_same_body_is_recorded_once_and_another_is_refused(records: Records) -> None:
    first = records.pop_up()
    again = records.pop_up()
    assert (again.interaction.id, again.is_replay) == (first.interaction.id, True)
    with pytest.raises(IdTaken):
        records.pop_up(template="another")
    records.block()
    assert records.block().is_replay
    with pytest.raises(IdTaken):
        records.block(reason="another")


def test_two_at_the_same_moment_are_one(records: Records) -> None:
    with ThreadPoolExecutor(4) as threads:
        pop_ups = [*threads.map(lambda _: records.pop_up(), range(4))]
        blocks = [*threads.map(lambda _: records.block(), range(4))]
    assert sorted(each.is_replay for each in pop_ups) == [False, True, True, True]
    assert sorted(each.is_replay for each in blocks) == [False, True, True, True]
    assert records.sql("SELECT (SELECT count(*) FROM interaction), (SELECT count(*) FROM awaited)") == [(1, 1)]


def test_a_correction_is_a_new_record(records: Records, ann: Actor, lea: Actor) -> None:
    """A76: it keeps what the player did before the first record, and does not move when the case is due."""
    case = records.call(ann, records.taken(ann, code=STRONG_CODE))
    wrong = records.newest(case)
    right = replace(wrong.facts, reached=Answer.NO)
    made = recording.correct(records.services, lea, wrong.id, right, "it was the mailbox")
    assert (made.corrects_id, made.facts.reached, made.by, made.who) == (wrong.id, Answer.NO, By.STAFF, lea.name)
    assert made.behaviour == wrong.behaviour
    assert recording.correct(records.services, lea, wrong.id, right, "it was the mailbox") == made  # sent again
    with pytest.raises(AlreadyCorrected):
        recording.correct(records.services, ann, wrong.id, right, "no")
    with pytest.raises(WrongRecord):
        recording.correct(records.services, ann, made.id, right, " ")
    assert records.work.case_of(7).due_at == SOON
    with pytest.raises(LeadNeeded):  # the only contact was none
        controllers.close(records.work.services, ann, CaseRef(case_id=case.id), DONE)


def test_an_automated_action_waits_for_a_review_before_its_case_is_closed(
    records: Records, ann: Actor, lea: Actor
) -> None:
    """A77."""
    case = records.taken(ann)
    action = records.block().action
    assert (action.case_id, action.awaits_review) == (case.id, True)
    assert action.decided.review_due_at == NOW + timedelta(hours=24)
    with pytest.raises(ActionsOpen, match=f"its action {action.id} waits for the review of a lead"):
        controllers.close(records.work.services, ann, seen(case), DONE)
    assert [each.ref_id for each in reading.waiting(records.services, ann).actions] == [action.id]
    reviewed = action_steps.review(records.services, lea, action.id, UPHELD)
    assert not reviewed.awaits_review
    assert reading.waiting(records.services, ann).actions == []
    assert controllers.close(records.work.services, ann, seen(case), DONE).status is Status.CLOSED


def test_the_steps_of_an_action_happen_once(records: Records, lea: Actor) -> None:
    action = records.block().action
    assert not action_steps.step(records.services, PLATFORM, action.id, EXECUTED).is_replay
    assert action_steps.step(records.services, PLATFORM, action.id, EXECUTED).is_replay
    later = replace(EXECUTED, happened_at=NOW - timedelta(hours=1))
    with pytest.raises(StepTaken, match="was already executed"):
        action_steps.step(records.services, PLATFORM, action.id, later)
    told = replace(EXECUTED, step=ActionStep.CUSTOMER_TOLD)
    taken = action_steps.step(records.services, PLATFORM, action.id, told).action.taken(ActionStep.CUSTOMER_TOLD)
    assert taken
    assert taken.contest_until == NOW + timedelta(days=30)
    with pytest.raises(WrongRecord):
        action_steps.step(records.services, PLATFORM, action.id, replace(CONTESTED, text=" "))
    action_steps.review(records.services, lea, action.id, UPHELD)
    assert action_steps.review(records.services, lea, action.id, UPHELD).taken(ActionStep.REVIEWED)  # sent twice
    with pytest.raises(StepTaken, match="was already reviewed, by staff"):
        action_steps.review(records.services, lea, action.id, LIFTED)


@pytest.mark.parametrize("in_case", [True, False])
def test_of_two_reviewers_the_second_is_refused(
    records: Records, ann: Actor, lea: Actor, max_: Actor, *, in_case: bool
) -> None:
    if in_case:
        records.taken(ann)
    action = records.block().action

    def review(given: tuple[Actor, Judgement]) -> bool:
        try:
            action_steps.review(records.services, given[0], action.id, given[1])
        except StepTaken:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(review, [(lea, UPHELD), (max_, LIFTED)])) == [False, True]
    assert records.sql("SELECT count(*) FROM action_step") == [(1,)]
    assert records.sql("SELECT count(*) FROM awaited") == [(0,)]


def test_a_contest_is_decided_by_another_person_than_the_reviewer(
    records: Records, ann: Actor, lea: Actor, max_: Actor
) -> None:
    """A77."""
    case, services = records.taken(ann), records.services
    action = records.block().action
    with pytest.raises(StepTooEarly, match="has not contested"):
        action_steps.decide_contest(services, lea, action.id, UPHELD)
    action_steps.step(services, PLATFORM, action.id, CONTESTED)
    with pytest.raises(StepTooEarly, match="must be reviewed before"):
        action_steps.decide_contest(services, lea, action.id, UPHELD)
    action_steps.review(services, lea, action.id, UPHELD)
    with pytest.raises(ActionsOpen):  # the contest waits, too
        controllers.close(records.work.services, ann, seen(case), DONE)
    with pytest.raises(SamePerson):
        action_steps.decide_contest(services, lea, action.id, LIFTED)
    with pytest.raises(SamePerson):  # a program or the shell is no person
        action_steps.decide_contest(services, Actor(name="root", permissions=EVERYTHING), action.id, LIFTED)
    decided = action_steps.decide_contest(services, max_, action.id, LIFTED)
    assert not decided.awaits_decision
    assert [event.step.value for event in records.work.journal(case.id)] == ["open", "take", *["action"] * 4]
    assert controllers.close(records.work.services, ann, seen(case), DONE).status is Status.CLOSED


def test_an_action_is_recorded_by_hand(records: Records, ann: Actor, lea: Actor) -> None:
    case = records.taken(ann)
    after = acting.record(records.services, ann, seen(case), BY_HAND)
    assert (after.status, after.due_at) == (Status.IN_REVIEW, SOON)
    with pytest.raises(ActionsOpen):
        controllers.close(records.work.services, ann, seen(after), DONE)
    own = replace(BY_HAND, decided=replace(BY_HAND.decided, by=By.STAFF))
    acting.record(records.services, ann, seen(after), own)
    first, second = reversed(reading.of_case(records.services, ann, case.id).actions)
    with pytest.raises(StepTaken, match="a person decided action"):
        action_steps.review(records.services, lea, second.id, UPHELD)
    action_steps.review(records.services, lea, first.id, UPHELD)
    action_steps.step(records.services, ann, second.id, CONTESTED)
    with pytest.raises(SamePerson):  # of what a person decided, that person
        action_steps.decide_contest(records.services, replace(ann, permissions=EVERYTHING), second.id, UPHELD)
    action_steps.decide_contest(records.services, lea, second.id, UPHELD)
    closed = controllers.close(records.work.services, ann, CaseRef(case_id=case.id), DONE)
    with pytest.raises(WrongState):
        acting.record(records.services, ann, seen(closed), BY_HAND)
    for changed in ({"next_step": ""}, {"follow_up_due_at": None}):
        with pytest.raises(WrongRecord):
            acting.record(
                records.services, ann, seen(records.taken(ann, 8 + len(changed))), replace(BY_HAND, **changed)
            )
        break


def test_what_is_said_about_actions_reaches_others(records: Records, lea: Actor) -> None:
    action = records.block().action
    action_steps.step(records.services, PLATFORM, action.id, EXECUTED)  # which the platform knows
    action_steps.review(records.services, lea, action.id, LIFTED)
    told = records.sql(
        "SELECT body ->> 'step', body ->> 'review', body ->> 'external_id' FROM notice WHERE topic = 'action.recorded'"
        " ORDER BY id"
    )
    assert told == [(None, None, "act-1"), ("reviewed", "lifted", "act-1")]


def test_monitoring_begins_an_evaluation_that_a_person_decides(app_with: AppWith, sql: Sql) -> None:
    """A78: the numbers suggest, and are kept with what the person decides."""
    app = app_with()
    records, client, ann = Records(app, sql), app.test_client(), member(sql, "Ann", Role.ANALYST)
    for t, amount in ((10, "60"), (20, "40")):
        send(client, "deposit", amount, t, user_id=7)
    case = records.call(ann, records.taken(ann))
    controllers.wait_for_effect(records.work.services, ann, seen(case), evaluate_at=NOW + timedelta(days=7, hours=1))
    [evaluation] = reading.of_case(records.services, ann, case.id).evaluations
    assert (evaluation.window_days, evaluation.since_t) == (7, 20)
    assert evaluation.interaction_id == records.newest(case).id
    assert evaluation.before["windows"][0]["deposited"] == "100.00"
    assert reading.waiting(records.services, ann).evaluations == []
    assert evaluating.show(records.services, ann, evaluation.id).proposed is Verdict.TOO_EARLY
    send(client, "deposit", "30", 30, user_id=7)
    with pytest.raises(WrongRecord):
        evaluating.conclude(records.services, ann, evaluation.id, replace(BETTER, reason=" "))
    decided = evaluating.conclude(records.services, ann, evaluation.id, BETTER)
    assert evaluating.conclude(records.services, ann, evaluation.id, BETTER) == decided  # sent twice
    with pytest.raises(AlreadyDecided):
        evaluating.conclude(records.services, ann, evaluation.id, replace(BETTER, verdict=Verdict.WORSE))
    assert decided.conclusion
    assert (decided.conclusion.verdict, decided.conclusion.proposed) == (Verdict.IMPROVED, Verdict.TOO_EARLY)
    assert decided.conclusion.after["windows"][0]["deposited"] == "30.00"
    assert records.work.steps(case.id)[-1] == "evaluate"
    assert sql("SELECT count(*) FROM awaited") == [(0,)]


def test_what_is_due_is_listed_the_first_due_first(records: Records, ann: Actor, sql: Sql) -> None:
    first, second = records.taken(ann, 7), records.taken(ann, 8)
    for case in (first, second):
        records.call(ann, case, next_step=f"Call customer {case.user_id}")
    assert reading.waiting(records.services, ann).follow_ups == []
    for case, days in ((first, 1), (second, 2)):
        sql("ALTER TABLE interaction DISABLE TRIGGER append_only")
        sql(
            "UPDATE interaction SET follow_up_due_at = now() - make_interval(days => %s) WHERE case_id = %s",
            days,
            case.id,
        )
        sql("ALTER TABLE interaction ENABLE TRIGGER append_only")
        sql(
            "UPDATE care_case SET due_at = (SELECT follow_up_due_at FROM interaction WHERE case_id = care_case.id)"
            " WHERE id = %s",
            case.id,
        )
    due = reading.waiting(records.services, ann).follow_ups
    assert [(each.user_id, each.next_step, each.assignee) for each in due] == [
        (8, "Call customer 8", "Ann"),
        (7, "Call customer 7", "Ann"),
    ]
    sql("UPDATE awaited SET due_at = now()")
    records.call(ann, first)
    assert [each.user_id for each in reading.waiting(records.services, ann).follow_ups] == [8]


def test_pages_of_records_follow_each_other(records: Records) -> None:
    ids = [records.pop_up(external_id=f"msg-{number}").interaction.id for number in range(5)]
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        query = RecordsQuery(limit=2, after=after, user_id=7)
        page, after = reading.interactions(records.services, Actor(name="x", permissions=EVERYTHING), query)
        found += [each.id for each in page]
    assert found == ids
