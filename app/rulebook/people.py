"""The use cases of the rule book for people who have signed in: first what they may do, then as for keys (A82)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.rulebook import controllers
from app.rulebook.approval import Change, refuse_self_approval
from app.rulebook.audit import AuditQueries
from app.rulebook.calendars import refuse_periods
from app.rulebook.differences import differences
from app.rulebook.domain import AuditEntry, Edition, EditionPage, PageQuery, SelfApproval, Status
from app.rulebook.drafts import parse_draft
from app.rulebook.forms import format_rules
from app.rulebook.policy.queries import PolicyQueries
from app.rulebook.queries import RuleBookQueries
from app.rulebook.reading import controllers as reading
from app.rulebook.services import RuleBookServices
from app.rulebook.template_files import template
from app.rulebook.toml import parse_toml
from app.rules.rule import Rule
from app.staff.permissions import Actor, Permission
from lib.transactions import Transaction

MAX_STEPS = 100  # of an edition, which a page shows
Plain = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A page of the editions; `back` is the edition that was live before; and whether four eyes are on."""

    page: EditionPage
    back: int | None
    four_eyes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """An edition as a page shows it, without rules if they cannot be read; with the live one, and what differs from it.

    `back` is the edition that was live before the present one. `refusal` says why four eyes keep this person from
    publishing it; empty if they do not.
    """

    edition: Edition
    live: Edition | None
    shadow: int | None
    changes: Sequence[str]
    steps: Sequence[AuditEntry]
    back: int | None
    four_eyes: bool
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a form of a draft begins with: rules as mappings, and the edition that they are based on."""

    rules: Plain
    based_on: int | None


def book(services: RuleBookServices, actor: Actor, query: PageQuery) -> Book:
    """Return the editions, newest first."""
    actor.require(Permission.RULES_READ)
    page = reading.edition_page(services.database, query)
    with services.database.transaction() as current:
        return Book(page=page, back=RuleBookQueries(current).latest_replaced(), four_eyes=_four_eyes(services, current))


def edition(services: RuleBookServices, actor: Actor, number: int) -> EditionView:
    """Return an edition with all that its page shows; raises `NoSuchEdition`."""
    actor.require(Permission.RULES_READ)
    with services.database.transaction() as current:
        rule_book = RuleBookQueries(current)
        found, live = rule_book.one_even_if_unreadable(number), rule_book.live()
        four_eyes = _four_eyes(services, current)
        return EditionView(
            edition=found,
            live=live,
            shadow=rule_book.numbers_in_force().shadow,
            changes=differences(live.rules, found.rules) if live else (),
            steps=AuditQueries(current).of_edition(number, MAX_STEPS),
            back=rule_book.latest_replaced(),
            four_eyes=four_eyes,
            refusal=_refusal(found, actor) if four_eyes else "",
        )


def two_editions(services: RuleBookServices, actor: Actor, old: int, new: int) -> tuple[Edition, Edition]:
    """Return two editions to compare; raises `NoSuchEdition`."""
    actor.require(Permission.RULES_READ)
    with services.database.transaction() as current:
        rule_book = RuleBookQueries(current)
        return rule_book.one_even_if_unreadable(old), rule_book.one_even_if_unreadable(new)


def start_from_edition(services: RuleBookServices, actor: Actor, number: int | None) -> Start:
    """Return the rules of an edition, of the live one by default, for a new draft; raises `NoSuchEdition`."""
    actor.require(Permission.RULES_WRITE)
    with services.database.transaction() as current:
        rule_book = RuleBookQueries(current)
        number = rule_book.numbers_in_force().live if number is None else number
        if number is None:
            return Start(rules=(), based_on=None)
        return Start(rules=format_rules(rule_book.one_even_if_unreadable(number).rules), based_on=number)


def start_from_template(services: RuleBookServices, actor: Actor, name: str, *, add: bool) -> Start:
    """Return the rules of a template for a new draft that replaces the live edition; `add`: beside its rules."""
    live = start_from_edition(services, actor, None)
    rules = format_rules(parse_toml(template(name).toml).rules)
    return Start(rules=[*live.rules, *rules] if add else rules, based_on=live.based_on)


def check(services: RuleBookServices, actor: Actor, plain: Plain) -> Sequence[Rule]:
    """Return rules that can be drafted; raises `InvalidRules`, which says what is wrong with each field."""
    actor.require(Permission.RULES_WRITE)
    rules = parse_draft(list(plain))
    refuse_periods(rules, t_is_unix=services.t_is_unix)
    controllers.refuse_budget(rules)
    return rules


def draft(  # noqa: PLR0913  # what the form holds, and which form it is
    services: RuleBookServices,
    actor: Actor,
    rules: Sequence[Rule],
    *,
    note: str,
    based_on: int | None,
    form: str | None,
) -> Edition:
    """Save rules as a new edition; raises `InvalidRules` or `NoSuchEdition`."""
    actor.require(Permission.RULES_WRITE)
    change = Change(actor=actor.name, reason=note, form=form)
    return controllers.draft(services.database, rules, change, based_on=based_on, t_is_unix=services.t_is_unix)


def shadow(services: RuleBookServices, actor: Actor, number: int, *, note: str, form: str | None) -> Edition:
    """Start to evaluate a draft beside the live edition; raises `NoSuchEdition` or `WrongStep`."""
    actor.require(Permission.RULES_WRITE)
    change = Change(actor=actor.name, reason=note, form=form)
    return controllers.shadow(services.database, number, change, t_is_unix=services.t_is_unix)


def retire(services: RuleBookServices, actor: Actor, number: int, *, note: str, form: str | None) -> Edition:
    """Retire a draft, or stop a shadow; raises `NoSuchEdition` or `WrongStep`."""
    actor.require(Permission.RULES_WRITE)
    return controllers.retire(services.database, number, Change(actor=actor.name, reason=note, form=form))


def delete(services: RuleBookServices, actor: Actor, number: int, *, note: str, form: str | None) -> None:
    """Delete a draft that was never in the shadow; raises `NoSuchEdition` or `WrongStep`."""
    actor.require(Permission.RULES_WRITE)
    controllers.delete(services.database, number, Change(actor=actor.name, reason=note, form=form))


def publish(  # noqa: PLR0913  # what the form holds, and which form it is
    services: RuleBookServices, actor: Actor, number: int, *, note: str, over: int | None, form: str | None
) -> Edition:
    """Make an edition live in place of the one that the page showed; raises as `controllers.publish` does."""
    actor.require_confirmed(Permission.RULES_PUBLISH)
    return controllers.publish(
        services.database,
        number,
        Change(actor=actor.name, reason=note, form=form),
        four_eyes=services.four_eyes,
        over=over,
        t_is_unix=services.t_is_unix,
        announce=services.announce,
    )


def _four_eyes(services: RuleBookServices, current: Transaction) -> bool:
    on = PolicyQueries(current).four_eyes()
    return services.four_eyes if on is None else on


def _refusal(found: Edition, actor: Actor) -> str:
    """Say why four eyes keep somebody from publishing an edition that can be published."""
    if found.status is Status.LIVE or not actor.may(Permission.RULES_PUBLISH):
        return ""
    try:
        refuse_self_approval(found, actor.name, {})
    except SelfApproval as error:
        return error.refusal
    return ""
