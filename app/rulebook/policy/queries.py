"""The queries on the policy of four eyes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select

from app.rulebook.policy.domain import PolicyChange, PolicyStep
from app.rulebook.policy.models import PolicyChangeRow as ChangeRow
from lib.transactions import Transaction

MAX_CHANGES = 200  # shown; the policy changes a few times in its life
PROPOSAL_LASTS = timedelta(days=1)  # the trigger `by_two` has the same (migration 0013)
COLUMNS = (
    ChangeRow.id,
    ChangeRow.step,
    ChangeRow.who,
    ChangeRow.owner,
    ChangeRow.note,
    ChangeRow.at,
    ChangeRow.at_shell,
)
NO_PROPOSAL = ChangeRow.step != PolicyStep.OFF_PROPOSED.value


class PolicyQueries:
    """Queries of the policy within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def four_eyes(self) -> bool | None:
        """Return whether four eyes are on; None if nobody ever turned them on or off."""
        latest = select(ChangeRow.step).where(NO_PROPOSAL).order_by(ChangeRow.id.desc()).limit(1)
        step = self._transaction.execute(latest).scalar()
        return None if step is None else step == PolicyStep.ON.value

    def proposal(self) -> PolicyChange | None:
        """Return the proposal of the last day to turn four eyes off, unless it was answered."""
        answered = select(func.coalesce(func.max(ChangeRow.id), 0)).where(NO_PROPOSAL).scalar_subquery()
        proposed = select(*COLUMNS).where(
            ChangeRow.step == PolicyStep.OFF_PROPOSED.value,
            ChangeRow.at > func.now() - PROPOSAL_LASTS,
            ChangeRow.id > answered,
        )
        row = self._transaction.execute(proposed.order_by(ChangeRow.id.desc()).limit(1)).one_or_none()
        return _change(row) if row else None

    def changes(self) -> Sequence[PolicyChange]:
        """Return the changes of the policy, newest first."""
        found = select(*COLUMNS).order_by(ChangeRow.id.desc()).limit(MAX_CHANGES)
        return [_change(row) for row in self._transaction.execute(found)]

    def add(self, step: PolicyStep, who: str, note: str, *, owner: str | None, at_shell: str | None) -> None:
        """Record a change, or the proposal of one."""
        change = {"step": step.value, "who": who, "owner": owner, "note": note, "at_shell": at_shell}
        self._transaction.execute(insert(ChangeRow).values(change))


def _change(row: Row[Any]) -> PolicyChange:
    return PolicyChange(
        id=row.id,
        step=PolicyStep(row.step),
        who=row.who,
        owner=row.owner,
        note=row.note,
        at=row.at,
        at_shell=row.at_shell,
    )
