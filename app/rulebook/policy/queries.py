"""The questions that are asked of the policy of four eyes."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.rulebook.policy.domain import PolicyChange, PolicyStep
from lib.transactions import Statement, Transaction

MOST_CHANGES = 200  # that are shown; it changes a few times in its life
COLUMNS = "id, step, who, owner, note, at, at_shell"
IN_FORCE = Statement(
    "policy_in_force",
    (),
    "SELECT step = 'on' FROM rule_policy_change WHERE step <> 'propose-off' ORDER BY id DESC LIMIT 1",
)
# As the trigger `by_two` sees it (migration 0009).
PROPOSAL = Statement(
    "policy_proposal",
    (),
    f"""
    SELECT {COLUMNS} FROM rule_policy_change
    WHERE step = 'propose-off' AND at > now() - interval '1 day'
        AND id > ALL (SELECT id FROM rule_policy_change WHERE step <> 'propose-off')
    ORDER BY id DESC LIMIT 1
    """,  # noqa: S608  # ours
)
CHANGES = Statement(
    "policy_changes",
    ("bigint",),
    f"SELECT {COLUMNS} FROM rule_policy_change ORDER BY id DESC LIMIT $1",  # noqa: S608  # as above
)
ADD = Statement(
    "add_policy_change",
    ("text", "text", "text", "text", "text"),
    "INSERT INTO rule_policy_change (step, who, owner, note, at_shell) VALUES ($1, $2, $3, $4, $5)",
)


class PolicyQueries:
    """The questions about the policy that one transaction asks."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def four_eyes(self) -> bool | None:
        """Are four eyes on? None: nobody ever said."""
        rows = self._transaction.fetch(IN_FORCE)
        return bool(rows[0][0]) if rows else None

    def proposal(self) -> PolicyChange | None:
        """Who proposed within the last day to turn four eyes off, and was not answered yet?"""
        return next(iter(_changes(self._transaction.fetch(PROPOSAL))), None)

    def changes(self) -> Sequence[PolicyChange]:
        """What was done with the policy? The newest first."""
        return _changes(self._transaction.fetch(CHANGES, MOST_CHANGES))

    def add(self, step: PolicyStep, who: str, note: str, *, owner: str | None, at_shell: str | None) -> None:
        """Write down a change, or its proposal."""
        self._transaction.write(ADD, step.value, who, owner, note, at_shell)


def _changes(rows: Iterable[tuple[Any, ...]]) -> list[PolicyChange]:
    names = ("id", "step", "who", "owner", "note", "at", "at_shell")
    return [PolicyChange(**{**dict(zip(names, row, strict=True)), "step": PolicyStep(row[1])}) for row in rows]
