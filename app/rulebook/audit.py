"""The questions that are asked of the audit of the rule book."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.rulebook.domain import AuditEntry, Step
from lib.fields import BIGINT_MAX
from lib.transactions import Statement, Transaction

NOTE_STEP = Statement(
    "note_step",
    ("integer", "edition_step", "text", "text", "integer", "text", "boolean"),
    """
    INSERT INTO rule_book_audit (edition, step, who, note, published_over, at_shell, four_eyes)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    """,
)
# The steps of a draft that was deleted stay.
STEP = """
    SELECT id, edition, step, who, audit.note, at, CASE step WHEN 'draft' THEN based_on END, published_over, at_shell,
        four_eyes
    FROM rule_book_audit AS audit LEFT JOIN rule_book USING (edition)
"""
STEPS = Statement("steps_taken", (), f"{STEP} ORDER BY id")
LATEST_STEPS = Statement("latest_steps", ("bigint", "bigint"), f"{STEP} WHERE id < $1 ORDER BY id DESC LIMIT $2")
WAS_TAKEN = Statement(
    "was_taken",
    ("integer", "edition_step"),
    "SELECT EXISTS (SELECT FROM rule_book_audit WHERE edition = $1 AND step = $2)",
)


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
        self._transaction.write(NOTE_STEP, edition, step.value, who, note, over, at_shell, four_eyes)

    def was_taken(self, edition: int, step: Step) -> bool:
        """Was this step ever taken with the edition?"""
        [(taken,)] = self._transaction.fetch(WAS_TAKEN, edition, step.value)
        return bool(taken)

    def all(self) -> Sequence[AuditEntry]:
        """Who did what so far? The oldest first."""
        return _steps(self._transaction.fetch(STEPS))

    def latest(self, *, before: int | None, most: int) -> Sequence[AuditEntry]:
        """Who did what last, below the id `before`? The newest first."""
        return _steps(self._transaction.fetch(LATEST_STEPS, BIGINT_MAX if before is None else before, most))


def _steps(rows: Iterable[tuple[Any, ...]]) -> list[AuditEntry]:
    names = ("id", "edition", "step", "who", "note", "at", "based_on", "over", "at_shell", "four_eyes")
    return [AuditEntry(**{**dict(zip(names, row, strict=True)), "step": Step(row[2])}) for row in rows]
