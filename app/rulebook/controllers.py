"""The use cases of the rule book. Each step is one transaction, with its row in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.events.rules import Rule
from app.rulebook.domain import AuditEntry, Edition, NoSuchEdition, SameEyes, Status, Step, refuse_wrong_step
from app.rulebook.queries import RuleBookQueries
from lib.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who takes a step, and why."""

    who: str
    note: str = ""


def editions(database: Database) -> Sequence[Edition]:
    """Return all editions, the oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).all()


def edition(database: Database, number: int) -> Edition:
    """Return one edition; raises `NoSuchEdition`."""
    with database.transaction() as current:
        return _found(RuleBookQueries(current), number)


def audit(database: Database) -> Sequence[AuditEntry]:
    """Return every step that was taken, the oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).steps()


def draft(database: Database, rules: Sequence[Rule], hand: Hand) -> Edition:
    """Keep rules as a new edition, which judges nothing yet."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        drafted = book.add(rules, hand.who, hand.note)
        book.note_step(drafted.edition, Step.DRAFTED, hand.who, hand.note)
        current.commit()
    return drafted


def shadow(database: Database, number: int, hand: Hand) -> Edition:
    """Have a draft judge every event beside the live edition, unanswered; another one there becomes a draft again.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_found(book, number), Step.SHADOWED)
        for other in book.in_force():
            if other.status is Status.SHADOW:
                book.move(other.edition, Status.DRAFT)
        book.move(number, Status.SHADOW)
        book.note_step(number, Step.SHADOWED, hand.who, hand.note)
        moved = _found(book, number)
        current.commit()
    return moved


def publish(database: Database, number: int, hand: Hand, *, four_eyes: bool) -> Edition:
    """Let an edition judge from now on, in place of the one that did; a retired one may come back.

    Every worker follows within a second. Raises `NoSuchEdition`, `WrongStep`, or `SameEyes` where four eyes are
    asked for and the publisher is the author.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        candidate = _found(book, number)
        refuse_wrong_step(candidate, Step.PUBLISHED)
        if four_eyes and candidate.author == hand.who:
            raise SameEyes(f"{hand.who} wrote edition {number}; somebody else has to publish it")
        retired = book.publish(number, hand.who)
        if retired is not None:
            book.note_step(retired, Step.RETIRED, hand.who, f"edition {number} takes its place")
        book.note_step(number, Step.PUBLISHED, hand.who, hand.note)
        published = _found(book, number)
        current.commit()
    return published


def retire(database: Database, number: int, hand: Hand) -> Edition:
    """Put a draft or a shadow edition away; raises `NoSuchEdition` or `WrongStep`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_found(book, number), Step.RETIRED)
        book.move(number, Status.RETIRED)
        book.note_step(number, Step.RETIRED, hand.who, hand.note)
        moved = _found(book, number)
        current.commit()
    return moved


def _found(book: RuleBookQueries, number: int) -> Edition:
    found = book.one(number)
    if found is None:
        raise NoSuchEdition(f"there is no edition {number}; flask rules list shows all")
    return found
