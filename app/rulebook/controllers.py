"""The use cases of the rule book. Each step is one transaction, including its row in the audit."""

from collections.abc import Mapping, Sequence

from app.access.queries import KeyQueries
from app.rulebook.approval import Change, prefix_of, refuse_self_approval
from app.rulebook.audit import AuditQueries
from app.rulebook.bases import refuse_another_base
from app.rulebook.budget import max_cost
from app.rulebook.differences import differences
from app.rulebook.domain import (
    AuditEntry,
    AuditPage,
    Edition,
    EditionPage,
    LiveEditionChanged,
    NoSuchEdition,
    Outline,
    PageQuery,
    Status,
    Step,
    WrongStep,
    refuse_deletion,
    refuse_wrong_step,
)
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
    """Return all editions, oldest first."""
    with database.transaction() as current:
        return RuleBookQueries(current).all()


def outlines(database: Database) -> Sequence[Outline]:
    """Return all editions without their rules, even unreadable ones, oldest first."""
    with database.transaction() as current:
        found = RuleBookQueries(current).outlines(before=None, limit=BIGINT_MAX)
    return found[::-1]


def edition_page(database: Database, query: PageQuery) -> EditionPage:
    """Return a page of the editions without their rules, newest first, and which are in force."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        in_force = book.numbers_in_force()
        found = book.outlines(before=query.before, limit=query.limit + 1)
    page, next_before = page_of(found, query.limit, lambda outline: outline.edition)
    return EditionPage(in_force=in_force, editions=page, next_before=next_before)


def edition(database: Database, number: int) -> Edition:
    """Return one edition; raises `NoSuchEdition`."""
    with database.transaction() as current:
        return _found(RuleBookQueries(current), number)


def audit(database: Database) -> Sequence[AuditEntry]:
    """Return every step, oldest first."""
    with database.transaction() as current:
        return AuditQueries(current).all()


def audit_page(database: Database, query: PageQuery) -> AuditPage:
    """Return a page of the steps, newest first."""
    with database.transaction() as current:
        found = AuditQueries(current).latest(before=query.before, limit=query.limit + 1)
    page, next_before = page_of(found, query.limit, lambda entry: entry.id)
    return AuditPage(steps=page, next_before=next_before)


def changes(database: Database, old: int, new: int) -> list[str]:
    """Return in words what changed from one edition to another; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        return differences(_found(book, old).rules, _found(book, new).rules)


def draft(database: Database, rules: Sequence[Rule], change: Change, *, based_on: int | None = None) -> Edition:
    """Save rules as a new edition, which is not in force yet; its base is the live edition by default.

    Raises `NoSuchEdition` if the base does not exist, and `InvalidRules` if the rules exceed the budget (A48).
    """
    if (cost := max_cost(rules)).over_budget:
        raise InvalidRules({"rules": [str(cost)]})
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        base = book.numbers_in_force().live if based_on is None else _base(book, based_on)
        drafted = book.add(rules, change.actor, change.reason, base)
        _record(current, drafted.edition, Step.DRAFTED, change)
        current.commit()
    return drafted


def draft_again(database: Database, number: int, change: Change, *, based_on: int | None = None) -> Edition:
    """Save the rules of an edition as a new one, based on that edition by default.

    It is not in force yet. Raises `NoSuchEdition`.
    """
    return draft(database, edition(database, number).rules, change, based_on=number if based_on is None else based_on)


def edition_replaced_by(database: Database, number: int) -> Edition | None:
    """Return the live edition if publishing this one would have to name it; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        candidate, live = _found(book, number), _live(book)
        try:
            refuse_another_base(candidate, base=book.base_once_live(number), live=live, over=None)
        except LiveEditionChanged:
            return live
    return None


def shadow(database: Database, number: int, change: Change) -> Edition:
    """Evaluate a draft on every event beside the live edition; the former shadow becomes a draft again.

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
            _record(current, displaced, Step.DISPLACED, change, _successor(number))
        book.move(number, Status.SHADOW)
        _record(current, number, Step.SHADOWED, change)
        moved = _found(book, number)
        current.commit()
    return moved


def publish(database: Database, number: int, change: Change, *, four_eyes: bool, over: int | None = None) -> Edition:
    """Make an edition live in place of the present one; a retired one may come back.

    `over` names the live edition to replace, and then only that one is. Every worker follows within a second.
    `four_eyes` is the setting, which applies until the database's policy is turned on or off. Raises `NoSuchEdition`,
    `WrongStep`, `SelfApproval` if four eyes are on and the publisher is, or may be, the author, and
    `LiveEditionChanged` if the live edition is not the one named, or not the one that a draft was made from.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        candidate = _found(book, number)
        refuse_wrong_step(candidate, Step.PUBLISHED)
        if candidate.published_at is None:
            refuse_costly(candidate)
        held = in_force(current, setting=four_eyes, at_shell=change.at_shell or None)
        if held:
            refuse_self_approval(candidate, change.actor, _owners(current, candidate.author, change.actor))
        refuse_another_base(candidate, base=book.base_once_live(number), live=_live(book), over=over)
        retired = book.publish(number, change.actor)
        if retired is not None:
            _record(current, retired, Step.RETIRED, change, _successor(number))
        _record(current, number, Step.PUBLISHED, change, over=over, four_eyes=held)
        published = _found(book, number)
        current.commit()
    return published


def refuse_costly(candidate: Edition) -> None:
    """Return if an edition is within the budget; raises `WrongStep`, for drafts older than the budget."""
    if (cost := max_cost(candidate.rules)).over_budget:
        raise WrongStep(
            f"edition {candidate.edition} costs too much: {cost} Then draft it again",
            Remedy(request="POST /rules", command="rules draft FILE"),
        )


def retire(database: Database, number: int, change: Change) -> Edition:
    """Retire a draft or a shadow edition, even an unreadable one; raises `NoSuchEdition` or `WrongStep`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        refuse_wrong_step(_known(book.one_even_if_unreadable(number), number), Step.RETIRED)
        book.move(number, Status.RETIRED)
        _record(current, number, Step.RETIRED, change)
        moved = _known(book.one_even_if_unreadable(number), number)
        current.commit()
    return moved


def delete(database: Database, number: int, change: Change) -> None:
    """Delete a draft that was never in the shadow (A48); its steps stay in the audit, and its number is not reused.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        found = _known(book.one_even_if_unreadable(number), number)
        shadowed = AuditQueries(current).was_taken(number, Step.SHADOWED)
        refuse_deletion(found, shadowed=shadowed, derived=book.made_from(number))
        book.delete(number)
        _record(current, number, Step.DELETED, change)
        current.commit()


def _record(  # noqa: PLR0913  # a step has that many attributes
    current: Transaction,
    number: int,
    step: Step,
    change: Change,
    note: str | None = None,
    *,
    over: int | None = None,
    four_eyes: bool | None = None,
) -> None:
    """Record who did what, and where; `note` replaces the reason."""
    reason = change.reason if note is None else note
    at_shell = change.at_shell or None
    AuditQueries(current).note(number, step, change.actor, reason, over=over, at_shell=at_shell, four_eyes=four_eyes)


def _owners(current: Transaction, *names: str) -> Mapping[str, str]:
    """Return the owners of the keys with these recorded names, by prefix."""
    return KeyQueries(current).owners([prefix_of(who) for who in names])


def _successor(number: int) -> str:
    return f"edition {number} takes its place"


def _live(book: RuleBookQueries) -> Edition | None:
    """Return the live edition, without its rules if they cannot be read."""
    number = book.numbers_in_force().live
    return None if number is None else book.one_even_if_unreadable(number)


def _base(book: RuleBookQueries, number: int) -> int:
    """Return the number if such an edition exists, readable or not."""
    if book.one_even_if_unreadable(number) is None:
        raise NoSuchEdition(number, as_base=True)
    return number


def _found(book: RuleBookQueries, number: int) -> Edition:
    return _known(book.one(number), number)


def _known(found: Edition | None, number: int) -> Edition:
    if found is None:
        raise NoSuchEdition(number)
    return found
