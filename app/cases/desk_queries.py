"""The queries of what people have on their desks: who looks at which case, unfinished notes, saved lists."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.cases.desk_models import CaseDraftRow as Draft
from app.cases.desk_models import CasePresenceRow as Presence
from app.cases.desk_models import SavedViewRow as View
from app.cases.requests import PRESENT, Present, SavedView
from app.staff.models import StaffAccountRow as Account
from lib.statements import Statement
from lib.transactions import Transaction

FORGET = Statement(
    "forget_absent",
    ("integer",),
    "DELETE FROM case_presence WHERE seen_at < clock_timestamp() - make_interval(secs => $1)",
)


class DeskQueries:
    """Queries of presence, drafts and saved views within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def be_present(self, case_id: int, staff_id: int) -> None:
        """Note that somebody has a case before them now."""
        seen = insert(Presence).values(case_id=case_id, staff_id=staff_id, seen_at=func.clock_timestamp())
        again = {"seen_at": func.clock_timestamp()}
        self._transaction.execute(seen.on_conflict_do_update(index_elements=["case_id", "staff_id"], set_=again))

    def present(self, case_id: int, but: int | None) -> list[Present]:
        """Return who has a case before them, but for one person; by name."""
        recent = func.clock_timestamp() - timedelta(seconds=PRESENT)
        found = (
            select(Presence.staff_id, Account.name, Presence.seen_at)
            .join(Account, Account.id == Presence.staff_id)
            .where(Presence.case_id == case_id, Presence.seen_at > recent, Presence.staff_id != (but or 0))
            .order_by(Account.name)
        )
        return [Present(**row._asdict()) for row in self._transaction.execute(found)]

    def forget_absent(self) -> None:
        """Remove pulses that count no more."""
        self._transaction.write(FORGET, PRESENT)

    def keep_draft(self, case_id: int, staff_id: int, text: str) -> None:
        """Keep what somebody is writing about a case."""
        now = func.clock_timestamp()
        kept = insert(Draft).values(staff_id=staff_id, case_id=case_id, text=text, saved_at=now)
        again = {"text": text, "saved_at": now}
        self._transaction.execute(kept.on_conflict_do_update(index_elements=["staff_id", "case_id"], set_=again))

    def drop_draft(self, case_id: int, staff_id: int) -> None:
        """Forget what somebody was writing about a case."""
        self._transaction.execute(delete(Draft).where(Draft.staff_id == staff_id, Draft.case_id == case_id))

    def views(self, staff_id: int) -> list[SavedView]:
        """Return what a person has saved, by name."""
        saved = select(View.id, View.name, View.query).where(View.staff_id == staff_id).order_by(View.name)
        return [SavedView(**row._asdict()) for row in self._transaction.execute(saved)]

    def save_view(self, staff_id: int, name: str, query: Mapping[str, Any]) -> SavedView:
        """Save a list under a name, in place of the one that had it."""
        kept = insert(View).values(staff_id=staff_id, name=name, query=dict(query))
        saved = kept.on_conflict_do_update(index_elements=["staff_id", "name"], set_={"query": dict(query)})
        row = self._transaction.execute(saved.returning(View.id, View.name, View.query)).one()
        return SavedView(**row._asdict())

    def delete_view(self, staff_id: int, view_id: int) -> bool:
        """Delete what a person has saved; False if there is no such view of theirs."""
        gone = delete(View).where(View.id == view_id, View.staff_id == staff_id).returning(View.id)
        return self._transaction.execute(gone).one_or_none() is not None
