"""The steps of an edition. Each is one transaction, including its row in the audit; a form sent twice is one step."""

from collections.abc import Mapping, Sequence

from app.access.queries import KeyQueries
from app.rulebook.approval import Change, prefix_of, refuse_self_approval
from app.rulebook.audit import AuditQueries
from app.rulebook.bases import refuse_another_base
from app.rulebook.budget import max_cost
from app.rulebook.calendars import refuse_periods, refuse_step_with_periods, zones_for
from app.rulebook.domain import (
    Edition,
    NoSuchEdition,
    Status,
    Step,
    WrongStep,
    refuse_deletion,
    refuse_wrong_step,
)
from app.rulebook.forms import InvalidRules
from app.rulebook.policy.controllers import in_force
from app.rulebook.queries import RuleBookQueries
from app.rulebook.recording import already_taken, record, successor
from app.rulebook.remedies import Remedy
from app.rulebook.services import Announce, Publication, announce_to_nobody
from app.rules.rule import Rule
from lib.database import Database
from lib.transactions import Transaction


def draft(
    database: Database,
    rules: Sequence[Rule],
    change: Change,
    *,
    based_on: int | None = None,
    t_is_unix: bool = True,
) -> Edition:
    """Save rules as a new edition, which is not in force yet; its base is the live edition by default.

    Raises `NoSuchEdition` if the base does not exist, and `InvalidRules` if the rules exceed the budget (A48), or have
    periods of the calendar although `t` is no Unix time.
    """
    refuse_periods(rules, t_is_unix=t_is_unix)
    refuse_budget(rules)
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        if done := already_taken(current, change):
            return book.one(done)
        base = book.numbers_in_force().live if based_on is None else _base(book, based_on)
        drafted = book.add(rules, change.actor, change.reason, base, zones_for(rules))
        record(current, drafted.edition, Step.DRAFTED, change)
        current.commit()
    return drafted


def draft_again(
    database: Database, number: int, change: Change, *, based_on: int | None = None, t_is_unix: bool = True
) -> Edition:
    """Save the rules of an edition as a new one, based on that edition by default.

    It is not in force yet. Raises `NoSuchEdition`, or as `draft` does.
    """
    with database.transaction() as current:
        rules = RuleBookQueries(current).one(number).rules
    return draft(database, rules, change, based_on=number if based_on is None else based_on, t_is_unix=t_is_unix)


def shadow(database: Database, number: int, change: Change, *, t_is_unix: bool = True) -> Edition:
    """Evaluate a draft on every event beside the live edition; the former shadow becomes a draft again.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        if already_taken(current, change):
            return book.one(number)
        candidate = book.one(number)
        refuse_wrong_step(candidate, Step.SHADOWED)
        refuse_step_with_periods(candidate, t_is_unix=t_is_unix)
        refuse_costly(candidate)
        displaced = book.numbers_in_force().shadow
        if displaced is not None:
            book.move(displaced, Status.DRAFT)
            record(current, displaced, Step.DISPLACED, change, successor(number))
        book.move(number, Status.SHADOW)
        record(current, number, Step.SHADOWED, change)
        moved = book.one(number)
        current.commit()
    return moved


def publish(  # noqa: PLR0913  # two settings, what the publisher says, and who announces it
    database: Database,
    number: int,
    change: Change,
    *,
    four_eyes: bool,
    over: int | None = None,
    t_is_unix: bool = True,
    announce: Announce = announce_to_nobody,
) -> Edition:
    """Make an edition live in place of the present one; a retired one may come back.

    `over` names the live edition to replace, and then only that one is. Every worker follows within a second.
    `four_eyes` is the setting, which applies until the database's policy is turned on or off. `announce` is called in
    the transaction of the publication. Raises `NoSuchEdition`, `WrongStep`, `SelfApproval` if four eyes are on and the
    publisher is, or may be, the author, and `LiveEditionChanged` if the live edition is not the one named, or not the
    one that a draft was made from.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        if already_taken(current, change):
            return book.one(number)
        candidate = book.one(number)
        refuse_wrong_step(candidate, Step.PUBLISHED)
        refuse_step_with_periods(candidate, t_is_unix=t_is_unix)
        if candidate.published_at is None:
            refuse_costly(candidate)
        held = in_force(current, setting=four_eyes, at_shell=change.at_shell or None)
        if held:
            refuse_self_approval(candidate, change.actor, _owners(current, candidate.author, change.actor))
        refuse_another_base(candidate, base=book.base_once_live(number), live=book.live(), over=over)
        retired = book.publish(number, change.actor)
        if retired is not None:
            record(current, retired, Step.RETIRED, change, successor(number))
        record(current, number, Step.PUBLISHED, change, over=over, four_eyes=held)
        announce(
            current,
            Publication(
                edition=number,
                author=candidate.author,
                published_by=change.actor,
                note=change.reason,
                based_on=candidate.based_on,
                over=over,
                replaced=retired,
            ),
        )
        published = book.one(number)
        current.commit()
    return published


def refuse_budget(rules: Sequence[Rule]) -> None:
    """Return if new rules are within the budget; raises `InvalidRules`."""
    if (cost := max_cost(rules)).over_budget:
        raise InvalidRules({"rules": [str(cost)]})


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
        if already_taken(current, change):
            return book.one_even_if_unreadable(number)
        refuse_wrong_step(book.one_even_if_unreadable(number), Step.RETIRED)
        book.move(number, Status.RETIRED)
        record(current, number, Step.RETIRED, change)
        moved = book.one_even_if_unreadable(number)
        current.commit()
    return moved


def delete(database: Database, number: int, change: Change) -> None:
    """Delete a draft that was never in the shadow (A48); its steps stay in the audit, and its number is not reused.

    Raises `NoSuchEdition` or `WrongStep`.
    """
    with database.transaction() as current:
        book = RuleBookQueries(current)
        book.lock()
        if already_taken(current, change):
            return
        found = book.one_even_if_unreadable(number)
        shadowed = AuditQueries(current).was_taken(number, Step.SHADOWED)
        refuse_deletion(found, shadowed=shadowed, derived=book.made_from(number))
        book.delete(number)
        record(current, number, Step.DELETED, change)
        current.commit()


def _owners(current: Transaction, *names: str) -> Mapping[str, str]:
    """Return the owners of the keys with these recorded names, by prefix."""
    return KeyQueries(current).owners([prefix_of(who) for who in names])


def _base(book: RuleBookQueries, number: int) -> int:
    """Return the number if such an edition exists, readable or not."""
    try:
        return book.one_even_if_unreadable(number).edition
    except NoSuchEdition:
        raise NoSuchEdition(number, as_base=True) from None
