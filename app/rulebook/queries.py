"""The queries on the rule book."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, select, union_all, update
from sqlalchemy.orm import aliased

from app.datastores import AdvisoryLock
from app.rulebook.domain import Edition, InForce, NoSuchEdition, Outline, Status, UnreadableEdition
from app.rulebook.forms import InvalidRules, format_rules, parse_rules
from app.rulebook.models import RuleBookAuditRow as Audit
from app.rulebook.models import RuleBookRow as Book
from app.rules.rule import Rule
from lib.transactions import Transaction

HEADER = (
    *(Book.edition, Book.status, Book.author, Book.note, Book.created_at),
    *(Book.based_on, Book.published_at, Book.published_by, Book.time_zones),
)
COLUMNS = (*HEADER, Book.rules)


class RuleBookQueries:
    """Queries of editions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def in_force(self) -> Mapping[Status, Edition | UnreadableEdition]:
        """Return the live edition and the shadow, if any; one that cannot be read does not affect the other."""
        found = select(*COLUMNS).where(Book.status.in_((Status.LIVE, Status.SHADOW)))
        return {row.status: _edition_or_error(row) for row in self._transaction.execute(found)}

    def all(self) -> Sequence[Edition]:
        """Return all editions, oldest first."""
        return _editions(self._transaction.execute(select(*COLUMNS).order_by(Book.edition)))

    def published(self) -> Sequence[Edition | UnreadableEdition]:
        """Return the editions that were ever live, oldest first."""
        found = select(*COLUMNS).where(Book.published_at.is_not(None)).order_by(Book.edition)
        return [_edition_or_error(row) for row in self._transaction.execute(found)]

    def some(self, editions: Collection[int]) -> Sequence[Edition | UnreadableEdition]:
        """Return those editions that there are, whatever their status."""
        found = select(*COLUMNS).where(Book.edition.in_(editions))
        return [_edition_or_error(row) for row in self._transaction.execute(found)]

    def count_published(self) -> int:
        """Return how many editions were ever live."""
        found = select(func.count()).select_from(Book).where(Book.published_at.is_not(None))
        return int(self._transaction.execute(found).scalar_one())

    def one(self, edition: int) -> Edition:
        """Return the edition with this number; raises `NoSuchEdition` or `UnreadableEdition`."""
        return _edition(self._row(edition))

    def one_even_if_unreadable(self, edition: int) -> Edition:
        """Return the edition with this number, without its rules if they cannot be read; raises `NoSuchEdition`."""
        row = self._row(edition)
        found = _edition_or_error(row)
        return _with_rules(row, ()) if isinstance(found, UnreadableEdition) else found

    def live(self) -> Edition | None:
        """Return the live edition, without its rules if they cannot be read; None if nothing is live."""
        number = self.numbers_in_force().live
        return None if number is None else self.one_even_if_unreadable(number)

    def latest_replaced(self) -> int | None:
        """Return the edition that was live before the present one: of those once live, the one published last."""
        retired = select(Book.edition).where(Book.status == Status.RETIRED, Book.published_at.is_not(None))
        return self._transaction.execute(retired.order_by(Book.published_at.desc()).limit(1)).scalar()

    def _row(self, edition: int) -> Row[Any]:
        row = self._transaction.execute(select(*COLUMNS).where(Book.edition == edition)).one_or_none()
        if row is None:
            raise NoSuchEdition(edition)
        return row

    def lock(self) -> None:
        """Block all other steps until the transaction ends: publishing reads more than one edition."""
        self._transaction.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.RULE_BOOK)))

    def add(  # the columns of a draft
        self, rules: Sequence[Rule], author: str, note: str, based_on: int | None, time_zones: str | None = None
    ) -> Edition:
        """Store a new draft under the next number. A number is never reused: the audit may name a deleted draft."""
        ever = union_all(select(Book.edition), select(Audit.edition)).subquery()
        number = select(func.coalesce(func.max(ever.c.edition), 0) + 1).scalar_subquery()
        draft = insert(Book).values(
            edition=number,
            status=Status.DRAFT,
            rules=format_rules(rules),
            author=author,
            note=note,
            based_on=based_on,
            time_zones=time_zones,
        )
        return _edition(self._transaction.execute(draft.returning(*COLUMNS)).one())

    def base_once_live(self, edition: int) -> int | None:
        """Return the nearest base of this edition that was ever live, skipping drafts that never were.

        An edition's base always has a lower number, so the search ends.
        """
        base = select(Book.based_on.label("edition")).where(Book.edition == edition).cte("base", recursive=True)
        draft = aliased(Book)
        earlier = select(draft.based_on).join(base, base.c.edition == draft.edition)
        base = base.union_all(earlier.where(draft.published_at.is_(None)))
        once_live = select(Book.edition).join(base, base.c.edition == Book.edition)
        return self._transaction.execute(once_live.where(Book.published_at.is_not(None))).scalar()

    def move(self, edition: int, status: Status) -> None:
        """Set the edition's status."""
        self._transaction.execute(update(Book).where(Book.edition == edition).values(status=status))

    def delete(self, edition: int) -> None:
        """Delete a draft; triggers refuse all but drafts that were never in the shadow (migrations 0007 and 0009)."""
        self._transaction.execute(delete(Book).where(Book.edition == edition, Book.status == Status.DRAFT))

    def made_from(self, edition: int) -> Sequence[int]:
        """Return the numbers of the editions that have this one as their base, ascending."""
        derived = select(Book.edition).where(Book.based_on == edition).order_by(Book.edition)
        return self._transaction.execute(derived).scalars().all()

    def publish(self, edition: int, who: str) -> int | None:
        """Make the edition live; return the number of the one that was live until now."""
        retired = update(Book).where(Book.status == Status.LIVE).values(status=Status.RETIRED)
        former = self._transaction.execute(retired.returning(Book.edition)).scalar()
        published = {"status": Status.LIVE, "published_at": func.now(), "published_by": who}
        self._transaction.execute(update(Book).where(Book.edition == edition).values(published))
        return former

    def outlines(self, *, before: int | None, limit: int) -> Sequence[Outline]:
        """Return the latest editions with a number below `before`, newest first."""
        is_list = func.jsonb_typeof(Book.rules) == "array"
        count = case((is_list, func.jsonb_array_length(Book.rules)), else_=0).label("rule_count")
        found = select(*HEADER, count).order_by(Book.edition.desc()).limit(limit)
        if before is not None:
            found = found.where(Book.edition < before)
        return [Outline(rule_count=row.rule_count, **_header(row)) for row in self._transaction.execute(found)]

    def numbers_in_force(self) -> InForce:
        """Return the numbers of the editions in force."""
        found = select(Book.status, Book.edition).where(Book.status.in_((Status.LIVE, Status.SHADOW)))
        numbers = {row.status: row.edition for row in self._transaction.execute(found)}
        return InForce(live=numbers.get(Status.LIVE), shadow=numbers.get(Status.SHADOW))


def _editions(rows: Iterable[Row[Any]]) -> list[Edition]:
    return [_edition(row) for row in rows]


def _edition(row: Row[Any]) -> Edition:
    try:
        return _with_rules(row, parse_rules(row.rules))
    except InvalidRules as error:
        raise UnreadableEdition(row.edition, str(error)) from error


def _with_rules(row: Row[Any], rules: tuple[Rule, ...]) -> Edition:
    return Edition(rules=rules, **_header(row))


def _edition_or_error(row: Row[Any]) -> Edition | UnreadableEdition:
    try:
        return _edition(row)
    except UnreadableEdition as error:
        return error


def _header(row: Row[Any]) -> dict[str, Any]:
    """Return the columns of a row other than its rules, by name."""
    return {column.key: getattr(row, column.key) for column in HEADER}
