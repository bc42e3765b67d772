"""The use case of a request: compare as much as it may read. `running` compares all, and counts alike (A60)."""

from itertools import chain

from app.backtest.comparing.domain import (
    DEFAULT_LIMIT,
    MAX_COMPARED,
    Comparison,
    NeverInShadow,
    Subject,
    TooMuchToCompare,
)
from app.backtest.comparing.queries import find_few
from app.backtest.comparing.stretches import stretches_of
from app.backtest.comparing.tally import ComparisonTally
from app.backtest.domain import DAY, Calendar, Scope
from app.backtest.reports import EditionRules
from app.backtest.services import BacktestServices
from app.rulebook.audit import AuditQueries
from app.rulebook.queries import RuleBookQueries
from app.staff.permissions import Actor, Permission
from lib.database import Database
from lib.database_errors import StatementTimeout
from lib.transactions import Transaction


def compare_few(database: Database, number: int, scope: Scope, limit: int) -> Comparison:
    """Compare what a request may read.

    A timeout does not count as an outage of the database (`trial`): a slow read must turn no event away. Raises
    `NoSuchEdition`, `NeverInShadow` or `TooMuchToCompare`.
    """
    try:
        with database.transaction(trial=True) as current:
            subject = subject_of(current, number, scope)
            found = find_few(current, subject)
    except StatementTimeout:
        raise TooMuchToCompare(number) from None
    if len(found) > MAX_COMPARED:
        raise TooMuchToCompare(number)
    tally = ComparisonTally(Calendar.of(each.t // DAY for each in found), limit)
    tally.count(found)
    return tally.comparison(subject)


def compare_for(services: BacktestServices, actor: Actor, number: int, scope: Scope) -> Comparison:
    """Compare what a page may read, for somebody who has signed in; raises as `compare_few` does."""
    actor.require(Permission.REPORTS_READ)
    return compare_few(services.database, number, scope, DEFAULT_LIMIT)


def subject_of(current: Transaction, number: int, scope: Scope) -> Subject:
    """Return what there is to compare an edition with; raises `NoSuchEdition` or `NeverInShadow`."""
    book = RuleBookQueries(current)
    shadow = _rules_of(book, number)
    stretches = tuple(stretches_of(AuditQueries(current).with_publications(number), number))
    if not stretches:
        raise NeverInShadow(number)
    live = dict.fromkeys(chain.from_iterable(stretch.live for stretch in stretches))
    return Subject(shadow=shadow, live=tuple(_rules_of(book, each) for each in live), stretches=stretches, scope=scope)


def _rules_of(book: RuleBookQueries, number: int) -> EditionRules:
    edition = book.one_even_if_unreadable(number)
    return EditionRules(number=number, rules={rule.code: rule for rule in edition.rules})
