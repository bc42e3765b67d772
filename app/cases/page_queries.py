"""The queries of a page about one case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from app.cases.desk_models import CaseDraftRow as Draft
from app.cases.domain import Case, CaseEvent
from app.cases.models import CaseEventRow as Event
from app.cases.models import CaseRow as Stored
from app.cases.queries import ALL, COLUMNS, MAX_EVENTS, case_of, event_of
from app.staff.models import StaffAccountRow as Account
from lib.transactions import Transaction

MAX_PREVIOUS = 20  # cases of the player that a page shows
NAMED = {"now", "assignee_name", "closer_name", "draft"}  # what a row has besides the case


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """A case with the names of who has it and who closed it, what the reader was writing, and the time."""

    case: Case
    assignee: str | None
    closer: str | None
    draft: str
    now: datetime


class PageQueries:
    """Queries of one case within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def shown(self, case_id: int, reader: int | None) -> ShownCase | None:
        """Return a case as somebody reads it."""
        found = select(
            *COLUMNS,
            func.clock_timestamp().label("now"),
            select(Account.name).where(Account.id == Stored.assignee).scalar_subquery().label("assignee_name"),
            select(Account.name).where(Account.id == Stored.closed_by).scalar_subquery().label("closer_name"),
            select(Draft.text)
            .where(Draft.case_id == Stored.id, Draft.staff_id == (reader or 0))
            .scalar_subquery()
            .label("draft"),
        ).where(Stored.id == case_id)
        row = self._transaction.execute(found).one_or_none()
        if row is None:
            return None
        return ShownCase(
            case=case_of(row, without=NAMED),
            assignee=row.assignee_name,
            closer=row.closer_name,
            draft=row.draft or "",
            now=row.now,
        )

    def events(self, case_id: int, most: int = MAX_EVENTS) -> list[CaseEvent]:
        """Return the journal of a case, oldest first; of a very long one the last steps, by default 500."""
        latest = select(Event).where(Event.case_id == case_id).order_by(Event.seq.desc()).limit(most)
        rows = self._transaction.execute(select(*latest.subquery().columns))
        return sorted((event_of(row) for row in rows), key=lambda each: each.seq)

    def previous(self, case: Case) -> list[Case]:
        """Return the player's other cases, newest first, at most 20."""
        others = ALL.where(Stored.user_id == case.user_id, Stored.id != case.id)
        rows = self._transaction.execute(others.order_by(Stored.opened_at.desc()).limit(MAX_PREVIOUS))
        return [case_of(row) for row in rows]

    def mark_seen(self, case_id: int) -> None:
        """Note that somebody who works on cases has seen this one; only the first time counts."""
        seen = update(Stored).where(Stored.id == case_id, Stored.first_seen_at.is_(None))
        self._transaction.execute(seen.values(first_seen_at=func.clock_timestamp()))
