"""The use cases of reading records: pages of them, one, those of a case, and what waits."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.cases.queries import CaseQueries
from app.interactions import acting, evaluating, recording
from app.interactions.domain import Action, Evaluation, Interaction
from app.interactions.queries import ActionQueries, AwaitedQueries, EvaluationQueries, InteractionQueries
from app.interactions.requests import MAX_OF_CASE, OfCase, RecordsQuery, WaitingPage
from app.interactions.services import RecordServices
from app.interactions.words import Awaited
from app.staff.permissions import Actor, Permission
from lib.keyset import page_of
from lib.transactions import Transaction

Record = TypeVar("Record", Interaction, Action, Evaluation)
Page = tuple[Sequence[Record], int | None]  # and the `after` of the next page


def interactions(services: RecordServices, actor: Actor, query: RecordsQuery) -> Page[Interaction]:
    """Return interactions by ascending id."""
    return _page(services, actor, query, lambda current: InteractionQueries(current).page(query))


def actions(services: RecordServices, actor: Actor, query: RecordsQuery) -> Page[Action]:
    """Return actions by ascending id."""
    return _page(services, actor, query, lambda current: ActionQueries(current).page(query))


def evaluations(services: RecordServices, actor: Actor, query: RecordsQuery) -> Page[Evaluation]:
    """Return evaluations by ascending id."""
    return _page(services, actor, query, lambda current: EvaluationQueries(current).page(query))


def interaction(services: RecordServices, actor: Actor, interaction_id: int) -> Interaction:
    """Return an interaction; raises `NoSuchInteraction`."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        return recording.existing(InteractionQueries(current), interaction_id)


def action(services: RecordServices, actor: Actor, action_id: int) -> Action:
    """Return an action with its steps; raises `NoSuchAction`."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        return acting.existing(ActionQueries(current), action_id)


def evaluation(services: RecordServices, actor: Actor, evaluation_id: int) -> Evaluation:
    """Return an evaluation; raises `NoSuchEvaluation`."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        return evaluating.existing(EvaluationQueries(current), evaluation_id)


def of_case(services: RecordServices, actor: Actor, case_id: int) -> OfCase:
    """Return the records of a case, newest first, at most 100 of each kind."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        return OfCase(
            interactions=InteractionQueries(current).of_case(case_id, MAX_OF_CASE),
            actions=ActionQueries(current).of_case(case_id, MAX_OF_CASE),
            evaluations=EvaluationQueries(current).of_case(case_id, MAX_OF_CASE),
        )


def waiting(services: RecordServices, actor: Actor) -> WaitingPage:
    """Return what waits for a person: actions, whenever they are due, and what is due by now of the rest."""
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        now, awaited = CaseQueries(current).now(), AwaitedQueries(current)
        return WaitingPage(
            actions=awaited.first([Awaited.REVIEW, Awaited.CONTEST]),
            evaluations=awaited.first([Awaited.EVALUATION], until=now),
            follow_ups=awaited.follow_ups(now),
            now=now,
        )


def _page(
    services: RecordServices, actor: Actor, query: RecordsQuery, find: Callable[[Transaction], Sequence[Record]]
) -> Page[Record]:
    actor.require(Permission.CASES_READ)
    with services.cases.database.transaction(trial=True) as current:
        found = find(current)
    return page_of(found, query.limit, lambda record: record.id)
