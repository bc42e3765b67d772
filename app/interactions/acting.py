"""The use cases of recording actions: a platform tells of one, or a person records one by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cases import recorded
from app.cases.domain import Case, Change, Status, Step
from app.cases.queries import CaseQueries, JournalQueries
from app.cases.refusals import WrongState
from app.cases.requests import CaseRef
from app.cases.stepping import take_step
from app.interactions.behaviour import behaviour_at
from app.interactions.checks import check_by_hand, check_decided, review_due
from app.interactions.digests import digest_of
from app.interactions.domain import Action, Decided
from app.interactions.queries import ActionQueries, AwaitedQueries
from app.interactions.refusals import IdTaken, NoSuchAction
from app.interactions.requests import ActionByHand, ToldAction, Waiting
from app.interactions.rows import Values, values_of_decided
from app.interactions.services import RecordServices
from app.interactions.words import Awaited
from app.staff.permissions import Actor, Permission
from lib.transactions import Transaction


@dataclass(frozen=True, slots=True)
class ToldOf:
    """The action that a platform has told of, and whether it had done so before."""

    action: Action
    is_replay: bool


def tell(services: RecordServices, actor: Actor, told: ToldAction) -> ToldOf:
    """Record an action that a platform has decided, once for its id; it belongs to the player's open case.

    Raises `WrongRecord`, or `IdTaken` if another body came under the id.
    """
    actor.require(Permission.INTERACTIONS_WRITE)
    decided = values_of_decided(told.decided)
    given = digest_of({"user_id": told.user_id, **decided, "review_due_at": told.decided.review_due_at})
    with services.cases.database.transaction() as current:
        queries, cases = ActionQueries(current), CaseQueries(current)
        if before := queries.told(told.external_id):
            return _again(before, told.external_id, given)
        now = cases.now()
        check_decided(told.decided, now)
        case = cases.open_of([told.user_id], lock=True).get(told.user_id)
        values = _values(told.user_id, case, actor, now) | {"external_id": told.external_id, "given_digest": given}
        if detail := _stored(services, current, values, told.decided):
            if case:
                change = recorded.by_platform(case, Step.ACTION, detail=detail)
                JournalQueries(current).add(change, actor, now)
                cases.save(change.case)
            made = existing(queries, detail["action"])
            services.tell(current, made, None)
            current.commit()
            return ToldOf(made, is_replay=False)
        current.rollback()
    with services.cases.database.transaction(trial=True) as current:  # told at this very moment
        found = ActionQueries(current).told(told.external_id)
    assert found is not None  # noqa: S101  # a row is never removed
    return _again(found, told.external_id, given)


def record(services: RecordServices, actor: Actor, ref: CaseRef, by_hand: ActionByHand) -> Case:
    """Record an action about a case by hand; a form sent twice is one record.

    In review, a case needs a next step and a date for it. Raises `WrongRecord`, `WrongState`, `CaseMoved` or
    `NoSuchCase`.
    """
    actor.require(Permission.INTERACTIONS_WRITE)

    def decide(current: Transaction, case: Case, now: datetime) -> Change:
        if case.status is Status.CLOSED:
            raise WrongState(case, Step.ACTION)
        check_decided(by_hand.decided, now)
        check_by_hand(by_hand, now, needs_next_step=case.status is Status.IN_REVIEW)
        values = _values(case.user_id, case, actor, now) | {
            "next_step": by_hand.next_step.strip(),
            "follow_up_due_at": by_hand.follow_up_due_at,
        }
        detail = _stored(services, current, values, by_hand.decided)
        assert detail is not None  # noqa: S101  # it has no id of a platform
        services.tell(current, existing(ActionQueries(current), detail["action"]), None)
        return recorded.by_person(
            case, Step.ACTION, now, detail=detail, note=by_hand.next_step.strip(), follow_up=by_hand.follow_up_due_at
        )

    return take_step(services.cases, actor, ref, decide)


def existing(queries: ActionQueries, action_id: int) -> Action:
    """Return an action; raises `NoSuchAction`."""
    found = queries.one(action_id)
    if found is None:
        raise NoSuchAction(action_id)
    return found


def _values(user_id: int, case: Case | None, actor: Actor, now: datetime) -> Values:
    return {
        "user_id": user_id,
        "case_id": case.id if case else None,
        "external_id": None,
        "given_digest": None,
        "who": actor.name,
        "staff_id": actor.staff_id,
        "recorded_at": now,
        "next_step": "",
        "follow_up_due_at": None,
    }


def _stored(
    services: RecordServices, current: Transaction, values: Values, decided: Decided
) -> Mapping[str, Any] | None:
    """Store an action, which waits for its review; return what the journal says, None if it was told before."""
    due = review_due(decided)
    behaviour = behaviour_at(services.play, current, values["user_id"], decided.decided_at)
    row = {**values, **values_of_decided(decided), "review_due_at": due, "behaviour": dict(behaviour)}
    added = ActionQueries(current).add(row)
    if added is None:
        return None
    action_id, digest = added
    if due:
        waiting = Waiting(
            kind=Awaited.REVIEW, ref_id=action_id, user_id=values["user_id"], case_id=values["case_id"], due_at=due
        )
        AwaitedQueries(current).add(waiting)
    return {"action": action_id, "kind": decided.kind.value, "digest": digest}


def _again(before: tuple[Action, str], external_id: str, given: str) -> ToldOf:
    action, digest = before
    if digest != given:
        raise IdTaken(external_id)
    return ToldOf(action, is_replay=True)
