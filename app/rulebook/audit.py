"""The questions that are asked of the audit of the rule book."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, case, exists, insert, select

from app.rulebook.domain import AuditEntry, Step
from app.rulebook.models import RuleBookAuditRow as Audit
from app.rulebook.models import RuleBookRow as Book
from lib.transactions import Transaction

# The steps of a draft that was deleted stay.
STEPS: Select[Any] = select(
    Audit.id,
    Audit.edition,
    Audit.step,
    Audit.who,
    Audit.note,
    Audit.at,
    case((Audit.step == Step.DRAFTED, Book.based_on)).label("based_on"),
    Audit.published_over.label("over"),
    Audit.at_shell,
    Audit.four_eyes,
).outerjoin(Book, Book.edition == Audit.edition)


class AuditQueries:
    """The questions about steps that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def note(  # noqa: PLR0913  # what a step is has so many sides
        self,
        edition: int,
        step: Step,
        who: str,
        note: str,
        *,
        over: int | None = None,
        at_shell: str | None = None,
        four_eyes: bool | None = None,
    ) -> None:
        """Write down who did what."""
        taken = {"edition": edition, "step": step, "who": who, "note": note, "published_over": over}
        self._transaction.execute(insert(Audit).values(**taken, at_shell=at_shell, four_eyes=four_eyes))

    def was_taken(self, edition: int, step: Step) -> bool:
        """Was this step ever taken with the edition?"""
        taken = exists().where(Audit.edition == edition, Audit.step == step)
        return bool(self._transaction.execute(select(taken)).scalar_one())

    def all(self) -> Sequence[AuditEntry]:
        """Who did what so far? The oldest first."""
        return _entries(self._transaction.execute(STEPS.order_by(Audit.id)))

    def latest(self, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Who did what last, below the id `before`? The newest first."""
        found = STEPS if before is None else STEPS.where(Audit.id < before)
        return _entries(self._transaction.execute(found.order_by(Audit.id.desc()).limit(limit)))


def _entries(rows: Iterable[Row[Any]]) -> list[AuditEntry]:
    return [AuditEntry(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for it
