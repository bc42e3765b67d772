"""The queries of the queue: pages of a tab in its order, and how many cases each tab has. Each has an index for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, text, tuple_
from sqlalchemy.orm import aliased

from app.cases.cursors import cursor_of, parse_cursor
from app.cases.domain import REOPENED_WITHIN, Status
from app.cases.models import VISIBLE, VISIBLE_STRONG
from app.cases.models import CaseRow as Stored
from app.cases.queries import COLUMNS, case_of
from app.cases.requests import COUNTED, Filters, QueueQuery, QueueRow, Sort, Tab
from app.rules.meaning import Strength
from app.staff.models import StaffAccountRow as Account
from lib.statements import BY_INDEX
from lib.transactions import Transaction

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order of a list, whose columns end with the id: all of them ascending, or all descending."""

    columns: tuple[Any, ...]
    descending: bool = False


URGENT = Order(columns=(Stored.priority, Stored.due_at, Stored.id))
SOONEST = Order(columns=(Stored.due_at, Stored.id))
LATEST = Order(columns=(Stored.last_alert_at, Stored.id), descending=True)
ORDERS = {
    Tab.NEW: URGENT,
    Tab.MINE: URGENT,
    Tab.TEAM: URGENT,
    Tab.STRONG: URGENT,
    Tab.OVERDUE: SOONEST,
    Tab.MONITORING: SOONEST,
    Tab.SNOOZED: Order(columns=(Stored.snoozed_until, Stored.id)),
    Tab.CLOSED: Order(columns=(Stored.closed_at, Stored.id), descending=True),
}
BY_LATEST = frozenset({Tab.NEW, Tab.MINE, Tab.TEAM, Tab.STRONG})  # tabs that may be sorted so


class QueueQueries:
    """Queries of the queue within one transaction; `reader` is the account that "mine" means, `now` the time."""

    def __init__(self, transaction: Transaction, reader: int | None, now: datetime) -> None:
        self._transaction, self._reader, self._now = transaction, reader, now

    def page(self, query: QueueQuery) -> tuple[list[QueueRow], str | None]:
        """Return a page of a tab, and where the next one begins; raises `WrongCursor`."""
        order = order_of(query)
        found = select(*COLUMNS).where(*self._conditions(query.tab), *conditions_of(query.filters))
        if query.after is not None:
            found = found.where(_beyond(order, parse_cursor(query.after, order.columns)))
        rows = self._rows(in_order(found, order).limit(query.limit + 1), order)
        page = rows[: query.limit]
        more = len(rows) > query.limit
        return page, cursor_of(page[-1].case, order.columns) if more else None

    def _rows(self, found: Select[Any], order: Order) -> list[QueueRow]:
        """Return cases with the names of who has them, and how many cases in 30 days each is the last of."""
        page, others = found.subquery("page"), aliased(Stored, name="others")
        nth = (
            select(func.count())
            .where(others.user_id == page.c.user_id)
            .where(others.opened_at > page.c.opened_at - REOPENED_WITHIN, others.opened_at <= page.c.opened_at)
        )
        name = select(Account.name).where(Account.id == page.c.assignee).scalar_subquery()
        columns = [page.c[column.key] for column in order.columns]
        shown = select(*page.c, nth.scalar_subquery().label("nth"), name.label("assignee_name"))
        shown = shown.order_by(*(each.desc() if order.descending else each for each in columns))
        self._transaction.write(BY_INDEX)
        return [
            QueueRow(case=case_of(row, without={"nth", "assignee_name"}), nth=row.nth, assignee=row.assignee_name)
            for row in self._transaction.execute(shown)
        ]

    def counts(self) -> dict[Tab, int]:
        """Return how many cases each tab has, counted up to 100."""
        counted = [
            select(func.count())
            .select_from(
                in_order(select(Stored.id).where(*self._conditions(tab)), ORDERS[tab]).limit(COUNTED).subquery()
            )
            .scalar_subquery()
            .label(tab.value)
            for tab in Tab
        ]
        self._transaction.write(BY_INDEX)
        row = self._transaction.execute(select(*counted)).one()
        return {tab: getattr(row, tab.value) for tab in Tab}

    def newer(self, query: QueueQuery, since: datetime) -> int:
        """Return how many cases of a tab have got an alert since a time, counted up to 100."""
        found = select(Stored.id).where(*self._conditions(query.tab), *conditions_of(query.filters))
        newer = found.where(Stored.last_alert_at > since).limit(COUNTED).subquery()
        self._transaction.write(BY_INDEX)
        return int(self._transaction.execute(select(func.count()).select_from(newer)).scalar_one())

    def _conditions(self, tab: Tab) -> Sequence[Condition]:
        """Return what holds for all cases of a tab; the texts are those of the indexes."""
        conditions: Mapping[Tab, Sequence[Any]] = {
            Tab.NEW: (VISIBLE, Stored.status == Status.NEW.value),
            Tab.MINE: (VISIBLE, Stored.assignee == (self._reader or 0)),
            Tab.TEAM: (VISIBLE, Stored.status == Status.IN_REVIEW.value),
            Tab.MONITORING: (text("status = 'monitoring'"),),
            Tab.SNOOZED: (text("snoozed_until IS NOT NULL"),),
            Tab.OVERDUE: (VISIBLE, Stored.due_at < self._now),
            Tab.STRONG: (VISIBLE_STRONG,),
            Tab.CLOSED: (text("status = 'closed'"),),
        }
        return conditions[tab]


def order_of(query: QueueQuery) -> Order:
    """Return the order of a list; a tab that cannot be sorted otherwise has its own."""
    return LATEST if query.sort is Sort.LATEST and query.tab in BY_LATEST else ORDERS[query.tab]


def conditions_of(filters: Filters) -> list[Condition]:
    """Return what holds for all cases that pass these filters."""
    given = {
        "priority": Stored.priority == filters.priority,
        "strength": Stored.strength == (filters.strength or Strength.NORMAL).value,
        "user_id": Stored.user_id == filters.user_id,
        "assignee": Stored.assignee == filters.assignee,
        "outcome": Stored.outcome == (filters.outcome.value if filters.outcome else None),
        "code": Stored.codes.contains([filters.code]),
    }
    return [condition for name, condition in given.items() if getattr(filters, name) is not None]


def in_order(found: Select[Any], order: Order) -> Select[Any]:
    """Return a query in this order."""
    return found.order_by(*(each.desc() if order.descending else each for each in order.columns))


def _beyond(order: Order, values: Sequence[object]) -> Condition:
    place = tuple_(*order.columns)
    return and_(place < tuple_(*values) if order.descending else place > tuple_(*values))
