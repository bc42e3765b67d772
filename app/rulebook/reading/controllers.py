"""The use cases of reading the rule book."""

from collections.abc import Sequence

from app.rulebook.audit import AuditQueries
from app.rulebook.bases import refuse_another_base
from app.rulebook.differences import differences
from app.rulebook.domain import AuditEntry, AuditPage, Edition, EditionPage, LiveEditionChanged, Outline, PageQuery
from app.rulebook.queries import RuleBookQueries
from lib.database import Database
from lib.fields import BIGINT_MAX
from lib.keyset import page_of


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
        return RuleBookQueries(current).one(number)


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
        return differences(book.one(old).rules, book.one(new).rules)


def edition_replaced_by(database: Database, number: int) -> Edition | None:
    """Return the live edition if publishing this one would have to name it; raises `NoSuchEdition`."""
    with database.transaction() as current:
        book = RuleBookQueries(current)
        candidate, live = book.one(number), book.live()
        try:
            refuse_another_base(candidate, base=book.base_once_live(number), live=live, over=None)
        except LiveEditionChanged:
            return live
    return None
