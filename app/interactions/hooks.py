"""What cases ask of records: whether a person was in contact, and which actions wait."""

from collections.abc import Sequence

from app.interactions.queries import ActionQueries, InteractionQueries
from lib.transactions import Transaction


def has_interaction(current: Transaction, case_id: int) -> bool:
    """Return whether a person has contacted the player because of this case (A76)."""
    return InteractionQueries(current).is_contact(case_id)


def open_actions(current: Transaction, case_id: int) -> Sequence[int]:
    """Return the actions of a case that a person must still review, or decide about a contest of (A77)."""
    return ActionQueries(current).waiting(case_id)
