"""All records about a player in one list, by one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from app.interactions.domain import Recorded, RecordKind
from app.interactions.models import ActionRow, ConclusionRow, EvaluationRow, InteractionRow
from app.interactions.queries import Correction
from app.interactions.words import Answer, By, Channel
from lib.transactions import Transaction


def newest(transaction: Transaction, user_id: int, most: int) -> Sequence[Recorded]:
    """Return the newest records about a player, newest first, at most so many; corrected ones are left out."""
    parts = (
        select(each.limit(most).subquery())
        for each in (_interactions(user_id), _actions(user_id), _evaluations(user_id))
    )
    found = union_all(*parts).subquery()
    rows = transaction.execute(select(found).order_by(found.c.at.desc(), found.c.kind, found.c.id.desc()).limit(most))
    return [Recorded(RecordKind(row.kind), *tuple(row)[1:]) for row in rows]


def _interactions(user_id: int) -> Select[Any]:
    row = InteractionRow
    said = func.coalesce(func.nullif(row.said, ""), func.nullif(row.not_contacted_reason, ""), row.prompt)
    missed = (row.reached == Answer.NO.value) & (row.channel != Channel.NONE.value)
    found = select(_kind(RecordKind.INTERACTION), row.id, row.occurred_at.label("at"), row.channel.label("word"))
    found = found.add_columns(missed.label("is_marked"), said.label("detail"), row.who)
    corrected = select(Correction.id).where(Correction.corrects_id == row.id).exists()
    return found.where(row.user_id == user_id, ~corrected).order_by(row.id.desc())


def _actions(user_id: int) -> Select[Any]:
    row = ActionRow
    automated = row.by != By.STAFF.value
    found = select(_kind(RecordKind.ACTION), row.id, row.decided_at.label("at"), row.kind.label("word"))
    found = found.add_columns(automated.label("is_marked"), row.reason.label("detail"), row.who)
    return found.where(row.user_id == user_id).order_by(row.id.desc())


def _evaluations(user_id: int) -> Select[Any]:
    row, verdict = EvaluationRow, func.coalesce(ConclusionRow.verdict, "")
    found = select(_kind(RecordKind.EVALUATION), row.id, row.made_at.label("at"), verdict.label("word"))
    found = found.add_columns(literal(value=False).label("is_marked"), row.expected.label("detail"), row.who)
    found = found.outerjoin(ConclusionRow, ConclusionRow.evaluation_id == row.id)
    return found.where(row.user_id == user_id).order_by(row.id.desc())


def _kind(kind: RecordKind) -> Any:  # noqa: ANN401  # a column
    return literal(kind.value).label("kind")
