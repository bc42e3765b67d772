"""The questions that are asked of the policy of four eyes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select

from app.rulebook.policy.domain import PolicyChange, PolicyStep
from app.rulebook.policy.models import PolicyChangeRow as Change
from lib.transactions import Transaction

MAX_CHANGES = 200  # that are shown; it changes a few times in its life
PROPOSAL_LASTS = timedelta(days=1)  # as the trigger `by_two` sees it (migration 0009)
COLUMNS = (Change.id, Change.step, Change.who, Change.owner, Change.note, Change.at, Change.at_shell)
NO_PROPOSAL = Change.step != PolicyStep.OFF_PROPOSED.value


class PolicyQueries:
    """The questions about the policy that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def four_eyes(self) -> bool | None:
        """Are four eyes on? None: nobody ever said."""
        latest = select(Change.step).where(NO_PROPOSAL).order_by(Change.id.desc()).limit(1)
        step = self._transaction.execute(latest).scalar()
        return None if step is None else step == PolicyStep.ON.value

    def proposal(self) -> PolicyChange | None:
        """Who proposed within the last day to turn four eyes off, and was not answered yet?"""
        answered = select(func.coalesce(func.max(Change.id), 0)).where(NO_PROPOSAL).scalar_subquery()
        proposed = select(*COLUMNS).where(
            Change.step == PolicyStep.OFF_PROPOSED.value, Change.at > func.now() - PROPOSAL_LASTS, Change.id > answered
        )
        row = self._transaction.execute(proposed.order_by(Change.id.desc()).limit(1)).one_or_none()
        return _change(row) if row else None

    def changes(self) -> Sequence[PolicyChange]:
        """What was done with the policy? The newest first."""
        found = select(*COLUMNS).order_by(Change.id.desc()).limit(MAX_CHANGES)
        return [_change(row) for row in self._transaction.execute(found)]

    def add(self, step: PolicyStep, who: str, note: str, *, owner: str | None, at_shell: str | None) -> None:
        """Write down a change, or its proposal."""
        change = {"step": step.value, "who": who, "owner": owner, "note": note, "at_shell": at_shell}
        self._transaction.execute(insert(Change).values(change))


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
