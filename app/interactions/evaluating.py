"""The use cases of evaluations: one begins when a case waits for an effect, and a person decides what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.cases import recorded
from app.cases import services as of_cases
from app.cases.domain import Step
from app.cases.queries import CaseQueries, JournalQueries
from app.interactions.behaviour import DAY, behaviour_until
from app.interactions.checks import check_concluding, propose
from app.interactions.domain import Behaviour, Conclusion, Evaluation
from app.interactions.queries import AwaitedQueries, EvaluationQueries, InteractionQueries
from app.interactions.refusals import AlreadyDecided, NoSuchEvaluation
from app.interactions.requests import Concluding, Waiting
from app.interactions.services import Play, RecordServices
from app.interactions.words import Awaited, Verdict
from app.staff.permissions import Actor, Permission
from lib.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An evaluation with what was played in its window so far, what that suggests, and the time."""

    evaluation: Evaluation
    after: Behaviour
    proposed: Verdict
    now: datetime


def begin(play: Play, current: Transaction, waiting: of_cases.Waiting) -> Mapping[str, Any]:
    """Record an evaluation of a case that waits for an effect; return what the journal says of it (A78).

    Its window is as long as the case waits, in whole days; it is about the newest interaction of the case.
    """
    case, actor = waiting.case, waiting.actor
    days = max(1, round((waiting.until - waiting.since) / timedelta(days=1)))
    since_t = play.moment_of(current, case.user_id, waiting.since)
    newest = InteractionQueries(current).of_case(case.id, 1)
    evaluation = Evaluation(
        id=0,
        user_id=case.user_id,
        case_id=case.id,
        interaction_id=newest[0].id if newest else None,
        made_at=waiting.since,
        who=actor.name,
        staff_id=actor.staff_id,
        since=waiting.since,
        since_t=since_t,
        due_at=waiting.until,
        window_days=days,
        expected=waiting.expected,
        before=behaviour_until(play, current, case.user_id, since_t, (days * DAY,)),
    )
    evaluation_id, digest = EvaluationQueries(current).add(evaluation)
    AwaitedQueries(current).add(
        Waiting(
            kind=Awaited.EVALUATION,
            ref_id=evaluation_id,
            user_id=case.user_id,
            case_id=case.id,
            due_at=waiting.until,
        )
    )
    return {"evaluation": evaluation_id, "digest": digest}


def show(services: RecordServices, actor: Actor, evaluation_id: int) -> Shown:
    """Return an evaluation, with the numbers so far if nobody has decided; raises `NoSuchEvaluation`."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        evaluation = existing(EvaluationQueries(current), evaluation_id)
        now = CaseQueries(current).now()
        if decided := evaluation.conclusion:
            return Shown(evaluation=evaluation, after=decided.after, proposed=decided.proposed, now=now)
        after, proposed = _so_far(services, current, evaluation, now)
    return Shown(evaluation=evaluation, after=after, proposed=proposed, now=now)


def conclude(services: RecordServices, actor: Actor, evaluation_id: int, concluding: Concluding) -> Evaluation:
    """Decide what has changed; the numbers of the moment are kept with the decision.

    The same decision sent again by the same person is one. Raises `NoSuchEvaluation`, `WrongRecord`, `AlreadyDecided`.
    """
    actor.require(Permission.INTERACTIONS_WRITE)
    with services.cases.database.transaction() as current:
        queries, cases = EvaluationQueries(current), CaseQueries(current)
        found = existing(queries, evaluation_id)
        case = cases.one(found.case_id, lock=True) if found.case_id else None
        now, evaluation = cases.now(), existing(queries, evaluation_id)
        if before := evaluation.conclusion:
            return _unless_other(evaluation, before, actor, concluding)
        check_concluding(concluding)
        after, proposed = _so_far(services, current, evaluation, now)
        conclusion = Conclusion(
            at=now,
            who=actor.name,
            staff_id=actor.staff_id,
            proposed=proposed,
            verdict=concluding.verdict,
            reason=concluding.reason.strip(),
            further_action=concluding.further_action.strip(),
            after=after,
        )
        digest = queries.conclude(evaluation_id, conclusion)
        if digest is None:
            current.rollback()
            raise AlreadyDecided(evaluation_id)
        AwaitedQueries(current).done(Awaited.EVALUATION, evaluation_id)
        if case:
            detail = {"evaluation": evaluation_id, "verdict": concluding.verdict.value, "digest": digest}
            change = recorded.by_platform(case, Step.EVALUATED, detail=detail, note=conclusion.reason)
            JournalQueries(current).add(change, actor, now)
            cases.save(change.case)
        decided = existing(queries, evaluation_id)
        current.commit()
    return decided


def existing(queries: EvaluationQueries, evaluation_id: int) -> Evaluation:
    """Return an evaluation; raises `NoSuchEvaluation`."""
    found = queries.one(evaluation_id)
    if found is None:
        raise NoSuchEvaluation(evaluation_id)
    return found


def _so_far(
    services: RecordServices, current: Transaction, evaluation: Evaluation, now: datetime
) -> tuple[Behaviour, Verdict]:
    """Return what was played since the evaluation began, within its window, and what that suggests."""
    window = evaluation.window_days * DAY
    until = min(services.play.moment_of(current, evaluation.user_id, now), evaluation.since_t + window)
    span = max(1, until - evaluation.since_t)
    after = behaviour_until(services.play, current, evaluation.user_id, evaluation.since_t + span, (span,))
    return after, propose(evaluation.before, after, is_over=now >= evaluation.due_at)


def _unless_other(evaluation: Evaluation, before: Conclusion, actor: Actor, wanted: Concluding) -> Evaluation:
    same = (before.staff_id, before.verdict, before.reason) == (actor.staff_id, wanted.verdict, wanted.reason.strip())
    if not same:
        raise AlreadyDecided(evaluation.id)
    return evaluation
