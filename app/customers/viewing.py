"""Records who looked at a customer (A79), in the transaction that reads what they see."""

from sqlalchemy import Row, Select, insert, select

from app.customers.domain import Export, View
from app.customers.models import CustomerViewRow as Viewed
from app.customers.models import ExportRow as Exported
from app.staff.models import StaffAccountRow as Account
from app.staff.permissions import Actor
from lib.statements import Statement
from lib.transactions import Transaction

# One row an hour. It is sent together with the query that follows, so it costs no round trip.
NOTE = Statement(
    "note_customer_view",
    ("integer", "bigint"),
    "INSERT INTO customer_view (staff_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
)


def note_view(current: Transaction, actor: Actor, user_id: int) -> None:
    """Record that a person looks at a customer; programs, which have keys and a log of their own, leave none."""
    if actor.staff_id is not None:
        current.write(NOTE, actor.staff_id, user_id)


class RecordQueries:
    """Queries of who looked at customers, and of exports, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def views(self, *, user_id: int | None, before: int | None, limit: int) -> list[View]:
        """Return who looked, newest first, with an id below `before`: at one customer or at all."""
        found = select(Viewed.id, Viewed.user_id, Viewed.staff_id, Viewed.hour, Viewed.at, Account.name, Account.email)
        found = found.join(Account, Account.id == Viewed.staff_id)
        found = found if user_id is None else found.where(Viewed.user_id == user_id)
        found = found if before is None else found.where(Viewed.id < before)
        rows = self._transaction.execute(found.order_by(Viewed.id.desc()).limit(limit))
        return [
            View(
                id=row.id,
                user_id=row.user_id,
                staff_id=row.staff_id,
                name=row.name or row.email,
                hour=row.hour,
                at=row.at,
            )
            for row in rows
        ]

    def exports(self, *, user_id: int | None, before: int | None, limit: int) -> list[Export]:
        """Return exports, newest first, with an id below `before`: of one customer or all."""
        found: Select[*tuple[object, ...]] = select(*Exported.__table__.columns)
        found = found if user_id is None else found.where(Exported.user_id == user_id)
        found = found if before is None else found.where(Exported.id < before)
        return [_export(row) for row in self._transaction.execute(found.order_by(Exported.id.desc()).limit(limit))]

    def add_export(self, actor: Actor, kind: str, user_id: int | None, rows: int, sha256: bytes) -> None:
        """Record an export, before its first byte is sent."""
        new = insert(Exported).values(
            staff_id=actor.staff_id, who=actor.name, kind=kind, user_id=user_id, rows=rows, sha256=sha256
        )
        self._transaction.execute(new)


def _export(row: Row[*tuple[object, ...]]) -> Export:
    values = {name: getattr(row, name) for name in Export.__slots__}
    return Export(**{**values, "sha256": bytes(values["sha256"])})
