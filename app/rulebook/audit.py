"""The queries on the audit of the rule book."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, case, exists, insert, or_, select

from app.rulebook.domain import AuditEntry, Step
from app.rulebook.models import RuleBookAuditRow as Audit
from app.rulebook.models import RuleBookRow as Book
from lib.transactions import Transaction

# An outer join, as the steps of a deleted draft stay.
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
    """Queries of steps within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def note(  # noqa: PLR0913  # a step has that many attributes
        self,
        edition: int,
        step: Step,
        who: str,
        note: str,
        *,
        over: int | None = None,
        at_shell: str | None = None,
        four_eyes: bool | None = None,
        form: str | None = None,
    ) -> None:
        """Record who did what."""
        entry = {"edition": edition, "step": step, "who": who, "note": note, "published_over": over}
        more = {"at_shell": at_shell, "four_eyes": four_eyes, "form": form}
        self._transaction.execute(insert(Audit).values(**entry, **more))

    def edition_of_form(self, form: str | None) -> int | None:
        """Return the edition with which the step of a form was taken, None if it was not yet."""
        if form is None:
            return None
        taken = select(Audit.edition).where(Audit.form == form)
        return self._transaction.execute(taken).scalar()

    def was_taken(self, edition: int, step: Step) -> bool:
        """Return whether this step was ever taken with the edition."""
        taken = exists().where(Audit.edition == edition, Audit.step == step)
        return bool(self._transaction.execute(select(taken)).scalar_one())

    def all(self) -> Sequence[AuditEntry]:
        """Return all steps, oldest first."""
        return _entries(self._transaction.execute(STEPS.order_by(Audit.id)))

    def with_publications(self, edition: int) -> Sequence[AuditEntry]:
        """Return the steps of an edition and the publications of all, oldest first."""
        found = STEPS.where(or_(Audit.edition == edition, Audit.step == Step.PUBLISHED))
        return _entries(self._transaction.execute(found.order_by(Audit.id)))

    def of_edition(self, edition: int, limit: int) -> Sequence[AuditEntry]:
        """Return the latest steps of an edition, newest first."""
        found = STEPS.where(Audit.edition == edition).order_by(Audit.id.desc()).limit(limit)
        return _entries(self._transaction.execute(found))

    def latest(self, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return the latest steps with an id below `before`, newest first."""
        found = STEPS if before is None else STEPS.where(Audit.id < before)
        return _entries(self._transaction.execute(found.order_by(Audit.id.desc()).limit(limit)))


def _entries(rows: Iterable[Row[Any]]) -> list[AuditEntry]:
    return [AuditEntry(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for it
