"""What was recorded beside cases about a customer, in the words of the pages, with the address of each."""

from collections.abc import Sequence

from app.console.pages.record_words import name
from app.customers.domain import Contact
from app.interactions.domain import Recorded, RecordKind
from app.interactions.listing import newest
from app.interactions.words import ActionKind, Channel, Verdict
from lib.transactions import Transaction


def contacts_of(transaction: Transaction, user_id: int, most: int) -> Sequence[Contact]:
    """Return the newest records about a customer, newest first, at most so many."""
    return [
        Contact(each.at, title_of(each), each.detail, each.who, f"/console/{each.kind.value}s/{each.id}")
        for each in newest(transaction, user_id, most)
    ]


def title_of(record: Recorded) -> str:
    """Return what a record is, in a few words."""
    if record.kind is RecordKind.INTERACTION:
        return f"{name(Channel(record.word))}{', not reached' if record.is_marked else ''}"
    if record.kind is RecordKind.ACTION:
        return f"{name(ActionKind(record.word))}{' (automated)' if record.is_marked else ''}"
    return f"Evaluation: {name(Verdict(record.word)).lower() if record.word else 'not decided yet'}"
