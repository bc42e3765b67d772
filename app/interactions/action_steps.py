"""The use cases of what follows an action: a platform tells what happened to it, people review it and decide.

Each step happens once. The same step told again is a replay; another one is refused.
"""

from collections.abc import Callable
from datetime import datetime

from app.cases import recorded
from app.cases.domain import Case, Change, Step
from app.cases.queries import CaseQueries, JournalQueries
from app.interactions.acting import ToldOf, existing
from app.interactions.checks import CONTEST_WITHIN, DECISION_WITHIN, check_step
from app.interactions.domain import Action, Taken
from app.interactions.queries import ActionQueries, AwaitedQueries
from app.interactions.refusals import SamePerson, StepTaken, StepTooEarly
from app.interactions.requests import Judgement, StepByPlatform, Waiting
from app.interactions.services import RecordServices
from app.interactions.words import ActionStep, Awaited
from app.staff.permissions import Actor, Permission
from lib.transactions import Transaction

PARTICIPLES = {
    ActionStep.EXECUTED: "executed",
    ActionStep.CUSTOMER_TOLD: "told to the customer",
    ActionStep.REVIEWED: "reviewed",
    ActionStep.CONTESTED: "contested",
    ActionStep.CONTEST_DECIDED: "decided after the contest",
}
ENDS = {ActionStep.REVIEWED: Awaited.REVIEW, ActionStep.CONTEST_DECIDED: Awaited.CONTEST}  # what waits no longer

Decide = Callable[[Action, datetime], Taken | None]  # the step to take, None if it was taken just so before


def step(services: RecordServices, actor: Actor, action_id: int, told: StepByPlatform) -> ToldOf:
    """Note that an action was executed, that the player was told, or has contested it, as a platform says.

    Raises `NoSuchAction`, `WrongRecord`, or `StepTaken` if something else was told of this step before.
    """
    actor.require(Permission.INTERACTIONS_WRITE)

    def decide(action: Action, now: datetime) -> Taken | None:
        if before := action.taken(told.step):
            _check_same(action, before, before.happened_at == told.happened_at and before.text == text)
            return None
        check_step(told.happened_at, told.text, now, needs_text=told.step is ActionStep.CONTESTED)
        until = told.contest_until or told.happened_at + CONTEST_WITHIN
        return Taken(
            step=told.step,
            happened_at=told.happened_at,
            at=now,
            who=actor.name,
            staff_id=actor.staff_id,
            text=text,
            contest_until=until if told.step is ActionStep.CUSTOMER_TOLD else None,
        )

    text = told.text.strip()
    return _take(services, actor, action_id, decide)


def review(services: RecordServices, actor: Actor, action_id: int, judgement: Judgement) -> Action:
    """Review an automated action: uphold, change or lift it. Raises `NoSuchAction`, `WrongRecord`, `StepTaken`."""
    actor.require(Permission.CASES_REVIEW)

    def check(action: Action) -> None:
        if not action.is_automated:
            raise StepTaken(f"a person decided action {action.id}, so it needs no review")

    return _judge(services, actor, action_id, judgement, ActionStep.REVIEWED, check)


def decide_contest(services: RecordServices, actor: Actor, action_id: int, judgement: Judgement) -> Action:
    """Decide about an action that the player has contested; raises `SamePerson` for whoever reviewed it (A77).

    Of an action that a person decided, it is that person who may not. Raises what `review` does, and `StepTooEarly` for
    what is not contested or not reviewed.
    """
    actor.require(Permission.CASES_REVIEW)

    def check(action: Action) -> None:
        if action.taken(ActionStep.CONTESTED) is None:
            raise StepTooEarly(f"the customer has not contested action {action.id}")
        if action.awaits_review:
            raise StepTooEarly(f"action {action.id} must be reviewed before anybody decides about the contest")
        if actor.staff_id is None or actor.staff_id == action.judge:
            raise SamePerson(action.id)

    return _judge(services, actor, action_id, judgement, ActionStep.CONTEST_DECIDED, check)


def _judge(  # noqa: PLR0913, PLR0917  # what a decision consists of
    services: RecordServices,
    actor: Actor,
    action_id: int,
    judgement: Judgement,
    wanted: ActionStep,
    check: Callable[[Action], None],
) -> Action:
    text = judgement.reason.strip()

    def decide(action: Action, now: datetime) -> Taken | None:
        if before := action.taken(wanted):
            same = (before.staff_id, before.review, before.text) == (actor.staff_id, judgement.review, text)
            _check_same(action, before, same)
            return None
        check(action)
        check_step(now, text, now, needs_text=True)
        return Taken(
            step=wanted,
            happened_at=now,
            at=now,
            who=actor.name,
            staff_id=actor.staff_id,
            review=judgement.review,
            text=text,
        )

    return _take(services, actor, action_id, decide).action


def _check_same(action: Action, before: Taken, same: bool) -> None:  # noqa: FBT001  # told once more
    if not same:
        raise StepTaken(f"action {action.id} was already {PARTICIPLES[before.step]}, by {before.who}")


def _take(services: RecordServices, actor: Actor, action_id: int, decide: Decide) -> ToldOf:
    """Take a step with an action, whose case is locked; whoever is second sees what the first has done."""
    with services.cases.database.transaction() as current:
        queries = ActionQueries(current)
        found = existing(queries, action_id)
        case = CaseQueries(current).one(found.case_id, lock=True) if found.case_id else None
        action = existing(queries, action_id)
        now = CaseQueries(current).now()
        taken = decide(action, now)
        if taken is None:
            return ToldOf(action, is_replay=True)
        if digest := queries.add_step(action_id, taken):
            _keep_awaited(current, action, taken)
            if case:
                _journal(current, actor, case, action, taken, digest)
            after = existing(queries, action_id)
            services.tell(current, after, taken.step)
            current.commit()
            return ToldOf(after, is_replay=False)
        current.rollback()
    return _take(services, actor, action_id, decide)  # somebody was faster, with an action of no case


def _keep_awaited(current: Transaction, action: Action, taken: Taken) -> None:
    awaited = AwaitedQueries(current)
    if ended := ENDS.get(taken.step):
        awaited.done(ended, action.id)
    if taken.step is ActionStep.CONTESTED:
        waiting = Waiting(
            kind=Awaited.CONTEST,
            ref_id=action.id,
            user_id=action.user_id,
            case_id=action.case_id,
            due_at=taken.at + DECISION_WITHIN,
        )
        awaited.add(waiting)


def _journal(  # noqa: PLR0913, PLR0917  # what a step consists of
    current: Transaction, actor: Actor, case: Case, action: Action, taken: Taken, digest: str
) -> None:
    """Note the step in the case's journal; it changes nothing else of the case, and makes nobody's step stale."""
    detail = {"action": action.id, "step": taken.step.value, "digest": digest}
    if taken.review:
        detail["review"] = taken.review.value
    change: Change = recorded.by_platform(case, Step.ACTION, detail=detail, note=taken.text)
    JournalQueries(current).add(change, actor, taken.at)
    CaseQueries(current).save(change.case)
