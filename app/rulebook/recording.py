"""What a step of an edition leaves in the audit, and whether the form of a page has taken its step already (A84)."""

from app.rulebook.approval import Change
from app.rulebook.audit import AuditQueries
from app.rulebook.domain import Step
from lib.transactions import Transaction


def record(  # noqa: PLR0913  # a step has that many attributes
    current: Transaction,
    number: int,
    step: Step,
    change: Change,
    note: str | None = None,
    *,
    over: int | None = None,
    four_eyes: bool | None = None,
) -> None:
    """Record who did what, and where; `note` replaces the reason, for another edition than the form's own."""
    AuditQueries(current).note(
        number,
        step,
        change.actor,
        change.reason if note is None else note,
        over=over,
        at_shell=change.at_shell or None,
        four_eyes=four_eyes,
        form=change.form if note is None else None,
    )


def already_taken(current: Transaction, change: Change) -> int | None:
    """Return the edition with which the step of this form was taken before; the rule book must be locked."""
    return AuditQueries(current).edition_of_form(change.form)


def successor(number: int) -> str:
    """Return the note of an edition that another one displaces or replaces."""
    return f"edition {number} takes its place"
