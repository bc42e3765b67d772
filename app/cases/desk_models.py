"""The tables of what people have on their desks: who looks at which case, unfinished notes, and saved lists."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

MOMENT = DateTime(timezone=True)


class CasePresenceRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """Who has a case before them; UNLOGGED, for it is of no use after a crash."""

    __tablename__ = "case_presence"
    __table_args__ = (
        Index("ix_case_presence_seen_at", "seen_at"),
        {"prefixes": ["UNLOGGED"], **may(insert="case_id staff_id seen_at", update="seen_at", delete=True)},
    )

    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(MOMENT)


class CaseDraftRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """What somebody was writing about a case and has not added yet."""

    __tablename__ = "case_draft"
    __table_args__ = (may(insert="staff_id case_id text saved_at", update="text saved_at", delete=True),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("care_case.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(MOMENT, server_default=func.now())


class SavedViewRow(db.Model):  # type: ignore[name-defined, misc]  # as above
    """A list of cases that a person comes back to."""

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("uq_saved_view_staff_id_name", "staff_id", "name", unique=True),
        may(insert="staff_id name query", update="query", delete=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
