"""The use cases of the rule book. Each step is one transaction, with its row in the audit."""

from collections.abc import Mapping, Sequence

from app.access.queries import KeyQueries
from app.rulebook.audit import AuditQueries
from app.rulebook.bases import refuse_another_base
from app.rulebook.budget import dearest
from app.rulebook.differences import differences
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
    WrongStep,
    refuse_deletion,
    refuse_wrong_step,
)
from app.rulebook.eyes import Hand, prefix_of, refuse_same_eyes
from app.rulebook.forms import InvalidRules
from app.rulebook.policy.controllers import in_force
from app.rulebook.queries import RuleBookQueries
from app.rulebook.remedies import Remedy
from app.rules.rule import Rule
from lib.database import Database
from lib.fields import BIGINT_MAX
from lib.keyset import page_of
from lib.transactions import Transaction


def editions(database: Database) -> Sequence[Edition]:
    """Return all editions, the oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).all()


def outlines(database: Database) -> Sequence[Outline]:
    """Return all editions without their rules, the oldest first, also those that cannot be read."""
    with database.transaction() as current:
        found = RuleBookQueries(current).outlines(before=None, limit=BIGINT_MAX)
    return found[::-1]


def edition_page(database: Database, asked: PageAsked) -> EditionPage:
    """Return a page of the editions without their rules, the newest first, and which are in force."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        in_force = book.numbers_in_force()
        found = book.outlines(before=asked.before, limit=asked.limit + 1)
    page, next_before = page_of(found, asked.limit, lambda outline: outline.edition)
    return EditionPage(in_force=in_force, editions=page, next_before=next_before)


def edition(database: Database, number: int) -> Edition:
    """Return one edition; raises `NoSuchEdition`."""
    with database.transaction() as current:
        return _found(RuleBookQueries(current), number)


def audit(database: Database) -> Sequence[AuditEntry]:
    """Return every step that was taken, the oldest first."""
    with database.transaction() as current:
        return AuditQueries(current).all()


def audit_page(database: Database, asked: PageAsked) -> AuditPage:
    """Return a page of the steps that were taken, the newest first."""
    with database.transaction() as current:
        found = AuditQueries(current).latest(before=asked.before, limit=asked.limit + 1)
    page, next_before = page_of(found, asked.limit, lambda entry: entry.id)
    return AuditPage(steps=page, next_before=next_before)


def changes(database: Database, old: int, new: int) -> list[str]:
    """Say in words what changed from one edition to another; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        return differences(_found(book, old).rules, _found(book, new).rules)


def draft(database: Database, rules: Sequence[Rule], hand: Hand, *, based_on: int | None = None) -> Edition:
    """Keep rules as a new edition, which judges nothing yet; where no base is said, it is the live edition.

    Raises `NoSuchEdition` where the base is none, and `InvalidRules` where an event could cost more by them than by any
    edition it may (A48).
    """
    if (cost := dearest(rules)).too_much:
        raise InvalidRules({"rules": [str(cost)]})
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        base = book.numbers_in_force().live if based_on is None else _base(book, based_on)
        drafted = book.add(rules, hand.who, hand.note, base)
        _note(current, drafted.edition, Step.DRAFTED, hand)
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
        candidate = _found(book, number)
        refuse_wrong_step(candidate, Step.SHADOWED)
        refuse_costly(candidate)
        displaced = book.numbers_in_force().shadow
        if displaced is not None:
            book.move(displaced, Status.DRAFT)
            _note(current, displaced, Step.DISPLACED, hand, _successor(number))
        book.move(number, Status.SHADOW)
        _note(current, number, Step.SHADOWED, hand)
        moved = _found(book, number)
        current.commit()
    return moved


def publish(database: Database, number: int, hand: Hand, *, four_eyes: bool, over: int | None = None) -> Edition:
    """Let an edition judge from now on, in place of the one that did; a retired one may come back.

    `over` names the live edition that is to be replaced, and no other then is. Every worker follows within a second.
    `four_eyes` is what the setting says, which counts as long as the database's policy was never turned on or off.
    Raises `NoSuchEdition`, `WrongStep`, `SameEyes` where four eyes are on and the publisher is the author, or
    may be, and `LiveEditionChanged` where another edition is live than the one named, or than a draft was made from.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        candidate = _found(book, number)
        refuse_wrong_step(candidate, Step.PUBLISHED)
        if candidate.published_at is None:
            refuse_costly(candidate)
        held = in_force(current, setting=four_eyes, at_shell=hand.at_shell or None)
        if held:
            refuse_same_eyes(candidate, hand.who, _owners(current, candidate.author, hand.who))
        refuse_another_base(candidate, base=book.base_once_live(number), live=_live(book), over=over)
        retired = book.publish(number, hand.who)
        if retired is not None:
            _note(current, retired, Step.RETIRED, hand, _successor(number))
        _note(current, number, Step.PUBLISHED, hand, over=over, four_eyes=held)
        published = _found(book, number)
        current.commit()
    return published


def refuse_costly(candidate: Edition) -> None:
    """Return if an edition may cost what it costs; raises `WrongStep`, as of drafts from before there was a budget."""
    if (cost := dearest(candidate.rules)).too_much:
        raise WrongStep(
            f"edition {candidate.edition} costs too much: {cost} Draft it anew",
            Remedy(request="POST /rules", command="rules draft FILE"),
        )


def retire(database: Database, number: int, hand: Hand) -> Edition:
    """Put a draft or a shadow edition away, even one that cannot be read; raises `NoSuchEdition` or `WrongStep`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_known(book.one_whatever_it_holds(number), number), Step.RETIRED)
        book.move(number, Status.RETIRED)
        _note(current, number, Step.RETIRED, hand)
        moved = _known(book.one_whatever_it_holds(number), number)
        current.commit()
    return moved


def delete(database: Database, number: int, hand: Hand) -> None:
    """Forget a draft that never judged (A48); its steps stay in the audit, and nobody gets its number again.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        found = _known(book.one_whatever_it_holds(number), number)
        judged = AuditQueries(current).was_taken(number, Step.SHADOWED)
        refuse_deletion(found, judged=judged, derived=book.made_from(number))
        book.delete(number)
        _note(current, number, Step.DELETED, hand)
        current.commit()


def _note(  # noqa: PLR0913  # what a step is has so many sides
    current: Transaction,
    number: int,
    step: Step,
    hand: Hand,
    note: str | None = None,
    *,
    over: int | None = None,
    four_eyes: bool | None = None,
) -> None:
    """Write down who did what, and where; `note` in place of why."""
    told = hand.note if note is None else note
    at_shell = hand.at_shell or None
    AuditQueries(current).note(number, step, hand.who, told, over=over, at_shell=at_shell, four_eyes=four_eyes)


def _owners(current: Transaction, *names: str) -> Mapping[str, str]:
    """Return whose the keys are that are written down so, by their prefix."""
    return KeyQueries(current).owners([prefix_of(who) for who in names])


def _successor(number: int) -> str:
    return f"edition {number} takes its place"


def _live(book: RuleBookQueries) -> Edition | None:
    """Return the live edition, without its rules where they cannot be read."""
    number = book.numbers_in_force().live
    return None if number is None else book.one_whatever_it_holds(number)


def _base(book: RuleBookQueries, number: int) -> int:
    """Return the number of an edition that there is, whatever it holds."""
    if book.one_whatever_it_holds(number) is None:
        raise NoSuchEdition(number, as_base=True)
    return number


def _found(book: RuleBookQueries, number: int) -> Edition:
    return _known(book.one(number), number)


def _known(found: Edition | None, number: int) -> Edition:
    if found is None:
        raise NoSuchEdition(number)
    return found
