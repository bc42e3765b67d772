"""The queries of records, and of what waits for a person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from app.cases.domain import Status
from app.cases.models import VISIBLE
from app.cases.models import CaseRow as Case
from app.interactions.domain import Action, Conclusion, Evaluation, Interaction, Taken
from app.interactions.models import ActionRow, ActionStepRow, AwaitedRow, ConclusionRow, EvaluationRow, InteractionRow
from app.interactions.requests import FollowUp, RecordsQuery, Waiting
from app.interactions.rows import (
    Values,
    action_of,
    conclusion_of,
    evaluation_of,
    interaction_of,
    sealed,
    step_of,
    values_of_conclusion,
    values_of_evaluation,
    values_of_step,
)
from app.interactions.words import ActionStep, Answer, Awaited, By, Channel
from app.staff.models import StaffAccountRow as Account
from lib.statements import BY_INDEX
from lib.transactions import Transaction

MAX_WAITING = 100  # of what waits, on its page
Correction = aliased(InteractionRow, name="correction")
INTERACTIONS: Select[Any] = select(
    *InteractionRow.__table__.columns,
    select(Correction.id).where(Correction.corrects_id == InteractionRow.id).scalar_subquery().label("corrected_by"),
)
ACTIONS: Select[Any] = select(*ActionRow.__table__.columns)
EVALUATIONS: Select[Any] = select(*EvaluationRow.__table__.columns)


class InteractionQueries:
    """Queries of interactions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, values: Values) -> tuple[int, str] | None:
        """Store an interaction; return its id and digest, None if it was told of already, or corrects one once more."""
        return _add(self._transaction, InteractionRow, values)

    def one(self, interaction_id: int) -> Interaction | None:
        """Return an interaction."""
        row = self._transaction.execute(INTERACTIONS.where(InteractionRow.id == interaction_id)).one_or_none()
        return interaction_of(row) if row else None

    def told(self, external_id: str) -> tuple[Interaction, str] | None:
        """Return what a platform has told under an id, with the digest of its body."""
        found = INTERACTIONS.where(InteractionRow.external_id == external_id)
        row = self._transaction.execute(found).one_or_none()
        return (interaction_of(row), row.given_digest) if row else None

    def of_case(self, case_id: int, most: int) -> list[Interaction]:
        """Return the interactions of a case, newest first."""
        found = INTERACTIONS.where(InteractionRow.case_id == case_id).order_by(InteractionRow.id.desc()).limit(most)
        return [interaction_of(row) for row in self._transaction.execute(found)]

    def page(self, query: RecordsQuery) -> list[Interaction]:
        """Return one more interaction than a page has."""
        return [interaction_of(row) for row in _page(self._transaction, INTERACTIONS, InteractionRow, query)]

    def is_contact(self, case_id: int) -> bool:
        """Return whether a person has contacted the player because of a case, by what is not corrected (A76)."""
        found = exists().where(
            InteractionRow.case_id == case_id,
            InteractionRow.by == By.STAFF.value,
            InteractionRow.channel != Channel.NONE.value,
            InteractionRow.reached != Answer.NO.value,
            ~exists().where(Correction.corrects_id == InteractionRow.id),
        )
        return bool(self._transaction.execute(select(found)).scalar_one())


class ActionQueries:
    """Queries of actions and their steps within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, values: Values) -> tuple[int, str] | None:
        """Store an action; return its id and digest, or None if the platform has told of it."""
        return _add(self._transaction, ActionRow, values)

    def one(self, action_id: int) -> Action | None:
        """Return an action with its steps."""
        row = self._transaction.execute(ACTIONS.where(ActionRow.id == action_id)).one_or_none()
        return self._with_steps([row])[0] if row else None

    def told(self, external_id: str) -> tuple[Action, str] | None:
        """Return what a platform has told under an id, with the digest of its body."""
        row = self._transaction.execute(ACTIONS.where(ActionRow.external_id == external_id)).one_or_none()
        return (self._with_steps([row])[0], row.given_digest) if row else None

    def of_case(self, case_id: int, most: int) -> list[Action]:
        """Return the actions of a case, newest first."""
        found = ACTIONS.where(ActionRow.case_id == case_id).order_by(ActionRow.id.desc()).limit(most)
        return self._with_steps(self._transaction.execute(found).all())

    def page(self, query: RecordsQuery) -> list[Action]:
        """Return one more action than a page has."""
        return self._with_steps(_page(self._transaction, ACTIONS, ActionRow, query))

    def add_step(self, action_id: int, taken: Taken) -> str | None:
        """Store a step of an action and return its digest; None if the action has taken it already."""
        values = sealed(values_of_step(action_id, taken))
        added = upsert(ActionStepRow).values(values).on_conflict_do_nothing(index_elements=["action_id", "step"])
        row = self._transaction.execute(added.returning(ActionStepRow.digest)).one_or_none()
        return str(row.digest) if row else None

    def waiting(self, case_id: int) -> list[int]:
        """Return the actions of a case that a person must still review, or decide about a contest of."""
        reviewed, contested, decided = (
            exists().where(ActionStepRow.action_id == ActionRow.id, ActionStepRow.step == step.value)
            for step in (ActionStep.REVIEWED, ActionStep.CONTESTED, ActionStep.CONTEST_DECIDED)
        )
        waits = ((ActionRow.by != By.STAFF.value) & ~reviewed) | and_(contested, ~decided)
        found = select(ActionRow.id).where(ActionRow.case_id == case_id, waits).order_by(ActionRow.id)
        return [row.id for row in self._transaction.execute(found)]

    def _with_steps(self, rows: Sequence[Any]) -> list[Action]:
        if not rows:
            return []
        columns = ActionStepRow.__table__.columns
        found = select(*columns).where(ActionStepRow.action_id.in_([row.id for row in rows])).order_by(ActionStepRow.at)
        steps: dict[int, list[Taken]] = {}
        for row in self._transaction.execute(found):
            steps.setdefault(row.action_id, []).append(step_of(row))
        return [action_of(row, tuple(steps.get(row.id, ()))) for row in rows]


class EvaluationQueries:
    """Queries of evaluations within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, evaluation: Evaluation) -> tuple[int, str]:
        """Store an evaluation; return its id and digest."""
        values = sealed(values_of_evaluation(evaluation))
        added = insert(EvaluationRow).values(values).returning(EvaluationRow.id)
        return int(self._transaction.execute(added).scalar_one()), values["digest"]

    def one(self, evaluation_id: int) -> Evaluation | None:
        """Return an evaluation with its conclusion."""
        row = self._transaction.execute(EVALUATIONS.where(EvaluationRow.id == evaluation_id)).one_or_none()
        return self._concluded([row])[0] if row else None

    def of_case(self, case_id: int, most: int) -> list[Evaluation]:
        """Return the evaluations of a case, newest first."""
        found = EVALUATIONS.where(EvaluationRow.case_id == case_id).order_by(EvaluationRow.id.desc()).limit(most)
        return self._concluded(self._transaction.execute(found).all())

    def page(self, query: RecordsQuery) -> list[Evaluation]:
        """Return one more evaluation than a page has."""
        return self._concluded(_page(self._transaction, EVALUATIONS, EvaluationRow, query))

    def conclude(self, evaluation_id: int, conclusion: Conclusion) -> str | None:
        """Store what somebody decided and return its digest; None if somebody else was faster."""
        values = sealed(values_of_conclusion(evaluation_id, conclusion))
        added = upsert(ConclusionRow).values(values).on_conflict_do_nothing(index_elements=["evaluation_id"])
        row = self._transaction.execute(added.returning(ConclusionRow.digest)).one_or_none()
        return str(row.digest) if row else None

    def _concluded(self, rows: Sequence[Any]) -> list[Evaluation]:
        if not rows:
            return []
        columns = ConclusionRow.__table__.columns
        found = select(*columns).where(ConclusionRow.evaluation_id.in_([row.id for row in rows]))
        of = {row.evaluation_id: conclusion_of(row) for row in self._transaction.execute(found)}
        return [evaluation_of(row, of.get(row.id)) for row in rows]


class AwaitedQueries:
    """Queries of what waits for a person within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, waiting: Waiting) -> None:
        """Note that something waits."""
        names = ("ref_id", "user_id", "case_id", "due_at")
        values = {"kind": waiting.kind.value, **{name: getattr(waiting, name) for name in names}}
        self._transaction.execute(insert(AwaitedRow).values(values))

    def done(self, kind: Awaited, ref_id: int) -> None:
        """Note that it waits no longer."""
        self._transaction.execute(delete(AwaitedRow).where(AwaitedRow.kind == kind.value, AwaitedRow.ref_id == ref_id))

    def first(self, kinds: Collection[Awaited], until: datetime | None = None) -> list[Waiting]:
        """Return what waits, perhaps only what is due by a time, the first due first, at most 100."""
        found = select(*AwaitedRow.__table__.columns).where(AwaitedRow.kind.in_([each.value for each in kinds]))
        found = found if until is None else found.where(AwaitedRow.due_at <= until)
        first = found.order_by(AwaitedRow.due_at, AwaitedRow.ref_id).limit(MAX_WAITING)
        self._transaction.write(BY_INDEX)
        return [Waiting(**{**row._asdict(), "kind": Awaited(row.kind)}) for row in self._transaction.execute(first)]

    def follow_ups(self, until: datetime) -> list[FollowUp]:
        """Return cases in review that somebody wanted to look at again by a time, the first due first, at most 100.

        A record with a follow-up date makes its case due then. The index of the cases bounds the search.
        """
        nexts = (
            select(row.next_step)
            .where(row.case_id == Case.id, row.follow_up_due_at == Case.due_at)
            .order_by(row.id.desc())
            .limit(1)
            .scalar_subquery()
            for row in (InteractionRow, ActionRow)
        )
        name = select(Account.name).where(Account.id == Case.assignee).scalar_subquery()
        due = (
            select(Case.id.label("case_id"), Case.user_id, Case.due_at, func.coalesce(*nexts).label("next_step"))
            .add_columns(name.label("assignee"))
            .where(VISIBLE, Case.status == Status.IN_REVIEW.value, Case.due_at <= until)
            .subquery()
        )
        found = select(due).where(due.c.next_step.is_not(None)).order_by(due.c.due_at, due.c.case_id)
        self._transaction.write(BY_INDEX)
        rows = self._transaction.execute(found.limit(MAX_WAITING))
        return [FollowUp(**row._asdict()) for row in rows]


def _add(transaction: Transaction, row: Any, values: Values) -> tuple[int, str] | None:  # noqa: ANN401  # a table
    stored = sealed(values)
    added = upsert(row).values(stored).on_conflict_do_nothing().returning(row.id)
    found = transaction.execute(added).scalar_one_or_none()
    return None if found is None else (int(found), stored["digest"])


def _page(transaction: Transaction, found: Select[Any], row: Any, query: RecordsQuery) -> Sequence[Any]:  # noqa: ANN401
    conditions = [row.id > query.after]
    if query.user_id is not None:
        conditions.append(row.user_id == query.user_id)
    if query.case_id is not None:
        conditions.append(row.case_id == query.case_id)
    transaction.write(BY_INDEX)
    return transaction.execute(found.where(*conditions).order_by(row.id).limit(query.limit + 1)).all()
