"""The use cases of the rule book. Each step is one transaction, with its row in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.events.rules import Rule
from app.rulebook.bases import refuse_another_base
from app.rulebook.domain import (
    AuditEntry,
    AuditPage,
    Edition,
    EditionPage,
    LiveEditionChanged,
    NoSuchEdition,
    Outline,
    PageAsked,
    Status,
    Step,
    differences,
    refuse_wrong_step,
)
from app.rulebook.eyes import refuse_same_eyes
from app.rulebook.queries import RuleBookQueries
from app.rulebook.remedies import Remedy
from lib.database import Database
from lib.fields import GREATEST
from lib.keyset import page_of

LIST = Remedy(request="GET /rules", command="rules list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who takes a step, and why."""

    who: str
    note: str = ""


def editions(database: Database) -> Sequence[Edition]:
    """Return all editions, the oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).all()


def outlines(database: Database) -> Sequence[Outline]:
    """Return all editions without their rules, the oldest first, also those that cannot be read."""
    with database.transaction() as current:
        found = RuleBookQueries(current).outlines(before=None, most=GREATEST)
    return found[::-1]


def edition_page(database: Database, asked: PageAsked) -> EditionPage:
    """Return a page of the editions without their rules, the newest first, and which are in force."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        in_force = book.numbers_in_force()
        found = book.outlines(before=asked.before, most=asked.limit + 1)
    page, next_before = page_of(found, asked.limit, lambda outline: outline.edition)
    return EditionPage(in_force=in_force, editions=page, next_before=next_before)


def edition(database: Database, number: int) -> Edition:
    """Return one edition; raises `NoSuchEdition`."""
    with database.transaction() as current:
        return _found(RuleBookQueries(current), number)


def audit(database: Database) -> Sequence[AuditEntry]:
    """Return every step that was taken, the oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).steps()


def audit_page(database: Database, asked: PageAsked) -> AuditPage:
    """Return a page of the steps that were taken, the newest first."""
    with database.transaction() as current:
        found = RuleBookQueries(current).latest_steps(before=asked.before, most=asked.limit + 1)
    page, next_before = page_of(found, asked.limit, lambda entry: entry.id)
    return AuditPage(steps=page, next_before=next_before)


def changes(database: Database, old: int, new: int) -> list[str]:
    """Say in words what changed from one edition to another; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        return differences(_found(book, old).rules, _found(book, new).rules)


def draft(database: Database, rules: Sequence[Rule], hand: Hand, *, based_on: int | None = None) -> Edition:
    """Keep rules as a new edition, which judges nothing yet; where no base is said, it is the live edition.

    Raises `NoSuchEdition` where the base is none.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        base = book.numbers_in_force().live if based_on is None else _base(book, based_on)
        drafted = book.add(rules, hand.who, hand.note, base)
        book.note_step(drafted.edition, Step.DRAFTED, hand.who, hand.note)
        current.commit()
    return drafted


def draft_again(database: Database, number: int, hand: Hand, *, based_on: int | None = None) -> Edition:
    """Keep the rules of an edition as a new one, based on that edition unless another base is said.

    It judges nothing yet. Raises `NoSuchEdition`.
    """
    return draft(database, edition(database, number).rules, hand, based_on=number if based_on is None else based_on)


def edition_replaced_by(database: Database, number: int) -> Edition | None:
    """Return the live edition if a publication of this one would have to name it; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        candidate, live = _found(book, number), _live(book)
        try:
            refuse_another_base(candidate, base=book.base_once_live(number), live=live, over=None)
        except LiveEditionChanged:
            return live
    return None


def shadow(database: Database, number: int, hand: Hand) -> Edition:
    """Have a draft judge every event beside the live edition, unanswered; the one that did is a draft again.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_found(book, number), Step.SHADOWED)
        displaced = book.numbers_in_force().shadow
        if displaced is not None:
            book.move(displaced, Status.DRAFT)
            book.note_step(displaced, Step.DISPLACED, hand.who, _successor(number))
        book.move(number, Status.SHADOW)
        book.note_step(number, Step.SHADOWED, hand.who, hand.note)
        moved = _found(book, number)
        current.commit()
    return moved


def publish(database: Database, number: int, hand: Hand, *, four_eyes: bool, over: int | None = None) -> Edition:
    """Let an edition judge from now on, in place of the one that did; a retired one may come back.

    `over` names the live edition that is to be replaced, and no other then is. Every worker follows within a second.
    Raises `NoSuchEdition`, `WrongStep`, `SameEyes` where four eyes are asked for and the publisher is the author, or
    may be, and `LiveEditionChanged` where another edition is live than the one named, or than a draft was made from.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        candidate = _found(book, number)
        refuse_wrong_step(candidate, Step.PUBLISHED)
        if four_eyes:
            refuse_same_eyes(candidate, hand.who)
        refuse_another_base(candidate, base=book.base_once_live(number), live=_live(book), over=over)
        retired = book.publish(number, hand.who)
        if retired is not None:
            book.note_step(retired, Step.RETIRED, hand.who, _successor(number))
        book.note_step(number, Step.PUBLISHED, hand.who, hand.note, over=over)
        published = _found(book, number)
        current.commit()
    return published


def retire(database: Database, number: int, hand: Hand) -> Edition:
    """Put a draft or a shadow edition away, even one that cannot be read; raises `NoSuchEdition` or `WrongStep`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_known(book.one_whatever_it_holds(number), number), Step.RETIRED)
        book.move(number, Status.RETIRED)
        book.note_step(number, Step.RETIRED, hand.who, hand.note)
        moved = _known(book.one_whatever_it_holds(number), number)
        current.commit()
    return moved


def _successor(number: int) -> str:
    return f"edition {number} takes its place"


def _live(book: RuleBookQueries) -> Edition | None:
    """Return the live edition, without its rules where they cannot be read."""
    number = book.numbers_in_force().live
    return None if number is None else book.one_whatever_it_holds(number)


def _base(book: RuleBookQueries, number: int) -> int:
    """Return the number of an edition that there is, whatever it holds."""
    if book.one_whatever_it_holds(number) is None:
        raise NoSuchEdition(
            f"there is no edition {number} to base a draft on; leave based_on out for the live one, or see which "
            "there are",
            LIST,
        )
    return number


def _found(book: RuleBookQueries, number: int) -> Edition:
    return _known(book.one(number), number)


def _known(found: Edition | None, number: int) -> Edition:
    if found is None:
        raise no_such_edition(number)
    return found


def no_such_edition(number: int) -> NoSuchEdition:
    """Return what is raised where an edition is asked for that is none."""
    return NoSuchEdition(f"there is no edition {number}; see which there are", LIST)
