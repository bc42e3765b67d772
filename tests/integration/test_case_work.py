"""Working on cases: who may do what, nobody's step lost to another's, and a form sent twice is one step."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from apiflask import APIFlask

from app.cases import controllers, others, reading
from app.cases.domain import Outcome, Status
from app.cases.refusals import (
    CannotMute,
    CannotWorkOnCases,
    CaseIsOpen,
    CaseMoved,
    HeldByAnother,
    LeadNeeded,
    NoSuchCase,
    NoSuchView,
    PersonNeeded,
    TextNeeded,
    TooMany,
    WrongState,
    WrongTime,
)
from app.cases.requests import CaseRef, Closing, Opening, QueueQuery, Tab
from app.rules.meaning import Indicator, Strength
from app.staff.permissions import Actor, NotPermitted, Permission, Role
from tests.integration.casework import ROOT, STRONG_CODE, Casework, casework_of, member, seen
from tests.integration.conftest import Sql

DONE = Closing(outcome=Outcome.NO_CONCERN, reason="all well")
SOON = datetime.now(UTC) + timedelta(days=2)
OPENING = Opening(user_id=7, indicator=Indicator.TIME, reason="plays all night")


@pytest.fixture
def work(app: APIFlask, sql: Sql) -> Casework:
    return casework_of(app, sql)


@pytest.fixture
def ann(sql: Sql) -> Actor:
    return member(sql, "Ann", Role.ANALYST)


@pytest.fixture
def ben(sql: Sql) -> Actor:
    return member(sql, "Ben", Role.ANALYST)


@pytest.fixture
def lea(sql: Sql) -> Actor:
    return member(sql, "Lea", Role.LEAD)


NEED: dict[str, tuple[Permission, Callable[[Casework, Actor], Any]]] = {
    "take": (Permission.CASES_WORK, lambda work, who: controllers.take(work.services, who, CaseRef(case_id=1))),
    "claim": (Permission.CASES_WORK, lambda work, who: controllers.claim_next(work.services, who)),
    "assign": (
        Permission.CASES_ASSIGN,
        lambda work, who: controllers.assign(work.services, who, CaseRef(case_id=1), to=1),
    ),
    "release": (Permission.CASES_WORK, lambda work, who: controllers.release(work.services, who, CaseRef(case_id=1))),
    "snooze": (
        Permission.CASES_WORK,
        lambda work, who: controllers.snooze(work.services, who, CaseRef(case_id=1), until=SOON, reason="x"),
    ),
    "wake": (Permission.CASES_WORK, lambda work, who: controllers.wake(work.services, who, CaseRef(case_id=1))),
    "wait": (
        Permission.CASES_WORK,
        lambda work, who: controllers.wait_for_effect(work.services, who, CaseRef(case_id=1), evaluate_at=SOON),
    ),
    "close": (Permission.CASES_WORK, lambda work, who: controllers.close(work.services, who, CaseRef(case_id=1), DONE)),
    "undo": (Permission.CASES_WORK, lambda work, who: controllers.undo_close(work.services, who, CaseRef(case_id=1))),
    "note": (Permission.CASES_WORK, lambda work, who: controllers.note(work.services, who, CaseRef(case_id=1), "x")),
    "open": (Permission.CASES_WORK, lambda work, who: controllers.open_by_hand(work.services, who, OPENING)),
    "mute": (
        Permission.CASES_WORK,
        lambda work, who: others.mute(work.services, who, CaseRef(case_id=1), code=30, until=SOON, reason="x"),
    ),
    "unmute": (
        Permission.CASES_WORK,
        lambda work, who: others.unmute(work.services, who, CaseRef(case_id=1), code=30),
    ),
    "draft": (Permission.CASES_WORK, lambda work, who: others.keep_draft(work.services, who, 1, "x")),
    "pulse": (Permission.CASES_READ, lambda work, who: others.pulse(work.services, who, 1)),
    "views": (Permission.CASES_READ, lambda work, who: others.saved_views(work.services, who)),
    "save view": (Permission.CASES_READ, lambda work, who: others.save_view(work.services, who, "x", {})),
    "delete view": (Permission.CASES_READ, lambda work, who: others.delete_view(work.services, who, 1)),
    "queue": (Permission.CASES_READ, lambda work, who: reading.queue(work.services, who, QueueQuery(tab=Tab.NEW))),
    "newer": (
        Permission.CASES_READ,
        lambda work, who: reading.newer(work.services, who, QueueQuery(tab=Tab.NEW), SOON),
    ),
    "page": (Permission.CASES_READ, lambda work, who: reading.case_page(work.services, who, 1)),
    "attached": (Permission.CASES_READ, lambda work, who: reading.attached(work.services, who)),
}


@pytest.mark.parametrize("name", NEED)
def test_each_use_case_needs_its_permission(work: Casework, name: str) -> None:
    needed, use_case = NEED[name]
    everything_else = Actor(name="x", permissions=frozenset(Permission) - {needed}, staff_id=1)
    with pytest.raises(NotPermitted) as refused:
        use_case(work, everything_else)
    assert refused.value.permission is needed


def test_a_case_from_the_queue_to_its_end(work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    taken = controllers.claim_next(work.services, ann)
    assert taken is not None
    assert (taken.id, taken.status, taken.assignee) == (case.id, Status.IN_REVIEW, ann.staff_id)
    controllers.note(work.services, ann, seen(taken), "called, nobody answered")
    waiting = controllers.wait_for_effect(work.services, ann, seen(taken), evaluate_at=SOON, note="limit set")
    assert (waiting.status, waiting.due_at) == (Status.MONITORING, SOON)
    closed = controllers.close(work.services, ann, seen(waiting), DONE)
    page = work.page(case.id)
    assert (page.case, page.closer) == (closed, "Ann")
    assert work.steps(case.id) == ["open", "take", "note", "wait", "close"]
    assert [event.note for event in page.events] == ["", "", "called, nobody answered", "limit set", "all well"]
    assert {event.who for event in page.events[1:]} == {ann.name}
    assert work.sql("SELECT topic, body ->> 'outcome' FROM notice ORDER BY id") == [
        ("case.opened", None),
        ("case.closed", "no_concern"),
    ]


def test_whoever_is_stale_is_told_what_happened_and_changes_nothing(work: Casework, ann: Actor, ben: Actor) -> None:
    """A74."""
    case = work.opened(7)
    controllers.take(work.services, ann, seen(case))
    with pytest.raises(CaseMoved, match=r"case \d+ has changed since you looked at it \(.*Ann: take\)") as moved:
        controllers.take(work.services, ben, seen(case))
    assert [event.step.value for event in moved.value.meanwhile] == ["take"]
    assert moved.value.case.assignee == ann.staff_id
    with pytest.raises(HeldByAnother):
        controllers.take(work.services, ben, CaseRef(case_id=case.id))
    assert work.steps(case.id) == ["open", "take"]


def test_of_two_who_close_one_case_at_once_one_is_told(work: Casework, ann: Actor, ben: Actor) -> None:
    for user_id in range(1, 11):
        case = controllers.take(work.services, ann, seen(work.opened(user_id)))

        def close(who: Actor, ref: CaseRef = seen(case)) -> str:  # noqa: B008  # that of this turn
            try:
                return controllers.close(work.services, who, ref, DONE).status
            except CaseMoved as moved:
                return moved.meanwhile[0].step.value

        with ThreadPoolExecutor(2) as both:
            assert sorted(both.map(close, (ann, ben))) == ["close", "closed"]
        assert work.steps(case.id) == ["open", "take", "close"]


def test_fifty_cases_claimed_by_many_at_once_have_fifty_owners(work: Casework, sql: Sql) -> None:
    for user_id in range(1, 51):
        work.alert(user_id)
    work.attach()
    people = [member(sql, f"Person{number}", Role.ANALYST) for number in range(50)]
    with ThreadPoolExecutor(12) as threads:
        claimed = list(threads.map(partial(controllers.claim_next, work.services), people))
    assert len({case.id for case in claimed if case}) == 50
    assert sql("SELECT count(DISTINCT assignee) FROM care_case WHERE status = 'in_review'") == [(50,)]
    assert controllers.claim_next(work.services, people[0]) is None


def test_the_most_urgent_case_is_claimed_first_and_none_that_is_snoozed(work: Casework, ann: Actor) -> None:
    later, strong, asleep = work.opened(1), work.opened(2, code=STRONG_CODE), work.opened(3, code=STRONG_CODE)
    controllers.snooze(work.services, ann, seen(asleep), until=SOON, reason="known")
    claimed = [controllers.claim_next(work.services, ann) for _ in range(3)]
    assert [case and case.id for case in claimed] == [strong.id, later.id, None]


@pytest.mark.parametrize("times", [1, 2])
def test_a_form_sent_twice_is_one_step(work: Casework, ann: Actor, times: int) -> None:
    case = work.opened(7)
    work.opened(8)
    for _ in range(times):
        claimed = controllers.claim_next(work.services, ann, form="claim")
        assert claimed is not None
        assert claimed.id == case.id
    for _ in range(times):
        closed = controllers.close(work.services, ann, seen(claimed or case, "close"), DONE)
    for _ in range(times):
        controllers.note(work.services, ann, seen(closed, "note"), "and this")
    for _ in range(times):
        opened = controllers.open_by_hand(work.services, ann, OPENING, form="open")
    assert (work.steps(case.id), work.steps(opened.id)) == (["open", "take", "close", "note"], ["open"])


def test_a_form_sent_twice_at_once_claims_one_case(work: Casework, ann: Actor, sql: Sql) -> None:
    for user_id in range(1, 9):
        work.alert(user_id)
    work.attach()
    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(lambda _: controllers.claim_next(work.services, ann, form="one"), range(8)))
    assert len({case and case.id for case in claimed}) == 1
    assert sql("SELECT count(*) FROM care_case WHERE status = 'in_review'") == [(1,)]


def test_a_case_is_closed_with_the_alerts_that_were_seen(work: Casework, ann: Actor) -> None:
    case = controllers.take(work.services, ann, seen(work.opened(7)))
    closing = Closing(outcome=Outcome.INFORMED, reason="told", alerts=1)
    work.opened(7, 11)
    with pytest.raises(CaseMoved) as moved:
        controllers.close(work.services, ann, seen(case), closing)
    assert [(event.step.value, event.alert_count) for event in moved.value.meanwhile] == [("alerts", 2)]
    both = Closing(outcome=Outcome.INFORMED, reason="told", alerts=2)
    assert controllers.close(work.services, ann, seen(case), both).status is Status.CLOSED


def test_a_strong_case_without_an_interaction_is_closed_by_a_lead_who_says_why(
    work: Casework, ann: Actor, lea: Actor
) -> None:
    case = controllers.take(work.services, ann, seen(work.opened(7, code=STRONG_CODE)))
    with pytest.raises(LeadNeeded):
        controllers.close(work.services, ann, seen(case), DONE)
    with pytest.raises(TextNeeded):
        controllers.close(work.services, lea, seen(case), DONE)
    why = Closing(outcome=Outcome.DATA_ERROR, reason="test account", why_no_interaction="nobody is behind it")
    controllers.close(work.services, lea, seen(case), why)
    assert work.journal(case.id)[-1].detail == {"why_no_interaction": "nobody is behind it"}


def test_a_closing_is_undone_unless_another_case_was_opened(work: Casework, ann: Actor, sql: Sql) -> None:
    first = controllers.take(work.services, ann, seen(work.opened(7)))
    closed = controllers.close(work.services, ann, seen(first), DONE)
    again = controllers.undo_close(work.services, ann, seen(closed))
    assert (again.status, again.outcome, again.assignee) == (Status.IN_REVIEW, None, ann.staff_id)
    closed = controllers.close(work.services, ann, seen(again), DONE)
    second = work.opened(7, 11)
    with pytest.raises(CaseIsOpen) as refused:
        controllers.undo_close(work.services, ann, seen(closed))
    assert refused.value.case_id == second.id
    topics = [topic for (topic,) in sql("SELECT topic FROM notice ORDER BY id")]
    assert topics == ["case.opened", "case.closed", "case.opened", "case.closed", "case.opened"]


def test_a_case_is_assigned_to_who_may_work_on_it(work: Casework, ann: Actor, lea: Actor, sql: Sql) -> None:
    case = work.opened(7)
    viewer = member(sql, "Vic", Role.VIEWER)
    for to in (viewer.staff_id, 0):
        with pytest.raises(CannotWorkOnCases):
            controllers.assign(work.services, lea, seen(case), to or 0)
    assigned = controllers.assign(work.services, lea, seen(case), ann.staff_id or 0)
    assert (assigned.status, assigned.assignee) == (Status.IN_REVIEW, ann.staff_id)
    sql("UPDATE staff_account SET state = 'disabled' WHERE id = %s", ann.staff_id)
    with pytest.raises(CannotWorkOnCases):
        controllers.assign(work.services, lea, seen(assigned), ann.staff_id or 0)


def test_what_is_put_back_can_be_claimed_again(work: Casework, ann: Actor, ben: Actor) -> None:
    taken = controllers.take(work.services, ann, seen(work.opened(7)))
    released = controllers.release(work.services, ann, seen(taken))
    assert (released.status, released.assignee) == (Status.NEW, None)
    claimed = controllers.claim_next(work.services, ben)
    assert claimed is not None
    assert claimed.assignee == ben.staff_id


def test_a_case_opened_by_hand(work: Casework, ann: Actor) -> None:
    opened = controllers.open_by_hand(work.services, ann, OPENING)
    assert (opened.indicator, opened.sentence, opened.priority) == (Indicator.TIME, "plays all night", 3)
    with pytest.raises(CaseIsOpen) as refused:
        controllers.open_by_hand(work.services, ann, OPENING)
    assert refused.value.case_id == opened.id
    closed = controllers.close(work.services, ann, seen(controllers.take(work.services, ann, seen(opened))), DONE)
    strong = Opening(user_id=7, indicator=Indicator.TIME, reason="again", strength=Strength.STRONG)
    again = controllers.open_by_hand(work.services, ann, strong)
    assert (again.reopened_from, again.priority, again.strength) == (closed.id, 0, Strength.STRONG)


def test_the_shell_takes_no_case_but_closes_one(work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    with pytest.raises(PersonNeeded):
        controllers.take(work.services, ROOT, seen(case))
    taken = controllers.take(work.services, ann, seen(case))
    assert controllers.close(work.services, ROOT, seen(taken), DONE).closed_by is None


def test_one_step_with_many_cases_acts_on_exactly_these_and_tells_of_each(
    work: Casework, ann: Actor, ben: Actor
) -> None:
    cases = [work.opened(user_id) for user_id in range(1, 5)]
    controllers.take(work.services, ben, seen(cases[1]))
    refs = [seen(case, others.form_of("bulk", case.id)) for case in cases[:3]]
    for _ in range(2):  # sent twice
        results = others.in_bulk(refs, partial(controllers.take, work.services, ann))
        assert [result.case_id for result in results] == [case.id for case in cases[:3]]
        assert [bool(result.case) for result in results] == [True, False, True]
        assert "has changed since you looked at it" in results[1].refusal
    assert [work.page(case.id).case.assignee for case in cases] == [ann.staff_id, ben.staff_id, ann.staff_id, None]
    with pytest.raises(TooMany):
        others.in_bulk(refs * 67, partial(controllers.take, work.services, ann))


def test_a_case_that_somebody_holds_is_told_as_busy(
    app_with: Callable[..., APIFlask], sql: Sql, database: str, ann: Actor
) -> None:
    import psycopg2  # noqa: PLC0415

    work = casework_of(app_with(db_lock_timeout=0.2), sql)
    case, other = work.opened(7), work.opened(8)
    holder = psycopg2.connect(database)
    with holder.cursor() as cursor:
        cursor.execute("SELECT FROM care_case WHERE id = %s FOR UPDATE", [case.id])
        results = others.in_bulk([seen(case), seen(other)], partial(controllers.take, work.services, ann))
    holder.close()
    assert [result.refusal for result in results] == [others.BUSY, ""]


def test_notes_are_added_whatever_others_do_and_a_draft_is_kept_until_then(
    work: Casework, ann: Actor, ben: Actor
) -> None:
    case = work.opened(7)
    others.keep_draft(work.services, ann, case.id, "called at")
    others.keep_draft(work.services, ann, case.id, "called at nine")
    assert reading.case_page(work.services, ann, case.id).draft == "called at nine"
    assert reading.case_page(work.services, ben, case.id).draft == ""
    controllers.take(work.services, ben, seen(case))
    controllers.note(work.services, ann, seen(case), "called at nine, no answer")
    assert reading.case_page(work.services, ann, case.id).draft == ""
    assert work.journal(case.id)[-1].note == "called at nine, no answer"
    others.keep_draft(work.services, ann, case.id, "x")
    others.keep_draft(work.services, ann, case.id, " ")
    assert reading.case_page(work.services, ann, case.id).draft == ""


def test_who_else_has_the_case_before_them(work: Casework, ann: Actor, ben: Actor, sql: Sql) -> None:
    case = work.opened(7)
    assert others.pulse(work.services, ann, case.id) == []
    assert [each.name for each in others.pulse(work.services, ben, case.id)] == ["Ann"]
    assert [each.name for each in reading.case_page(work.services, ann, case.id).present] == ["Ben"]
    sql("UPDATE case_presence SET seen_at = now() - interval '46 seconds'")
    assert reading.case_page(work.services, ann, case.id).present == []
    work.wake()
    assert sql("SELECT count(*) FROM case_presence") == [(0,)]


def test_who_works_on_cases_has_seen_it_first(work: Casework, ann: Actor, sql: Sql) -> None:
    case = work.opened(7)
    for reader in (ROOT, member(sql, "Vic", Role.VIEWER)):
        reading.case_page(work.services, reader, case.id)
    assert work.page(case.id).case.first_seen_at is None
    reading.case_page(work.services, ann, case.id)
    first = work.page(case.id).case.first_seen_at
    reading.case_page(work.services, ann, case.id)
    assert first is not None
    assert work.page(case.id).case.first_seen_at == first


def test_what_cannot_be_muted(work: Casework, ann: Actor) -> None:
    case = work.opened(7)
    mute = partial(others.mute, work.services, ann, seen(case))
    with pytest.raises(CannotMute, match="no alert of code 123"):
        mute(code=123, until=SOON, reason="x")
    with pytest.raises(WrongTime, match="at most 90 days"):
        mute(code=30, until=datetime.now(UTC) + timedelta(days=91), reason="x")
    with pytest.raises(TextNeeded):
        mute(code=30, until=SOON, reason=" ")
    with pytest.raises(CannotMute, match="is not muted"):
        others.unmute(work.services, ann, seen(case), code=30)
    mute(code=30, until=SOON, reason="known")
    mute(code=30, until=SOON + timedelta(days=1), reason="longer")
    assert [each.reason for each in work.page(case.id).mutes] == ["longer"]


def test_saved_views_are_a_persons_own(work: Casework, ann: Actor, ben: Actor) -> None:
    saved = others.save_view(work.services, ann, " mine ", {"tab": "mine"})
    others.save_view(work.services, ann, "mine", {"tab": "team"})
    assert [(view.name, view.query) for view in others.saved_views(work.services, ann)] == [("mine", {"tab": "team"})]
    assert others.saved_views(work.services, ben) == []
    with pytest.raises(NoSuchView):
        others.delete_view(work.services, ben, saved.id)
    others.delete_view(work.services, ann, saved.id)
    assert others.saved_views(work.services, ann) == []
    with pytest.raises(TextNeeded):
        others.save_view(work.services, ann, "x" * 101, {})


def test_there_is_no_such_case(work: Casework, ann: Actor) -> None:
    with pytest.raises(NoSuchCase, match="there is no case 99999999"):
        controllers.take(work.services, ann, CaseRef(case_id=99_999_999))
    with pytest.raises(NoSuchCase):
        reading.case_page(work.services, ann, 99_999_999)


def test_a_new_case_is_not_closed(work: Casework, ann: Actor) -> None:
    with pytest.raises(WrongState, match="is new, so it cannot be closed: take it first"):
        controllers.close(work.services, ann, seen(work.opened(7)), DONE)
