"""The table of the backtests that people asked for."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.datastores import db
from lib.privileges import may

CHANGING = "state worker attempts started_at beat_at ended_at events judged cancelled_by cause summary report"


class BacktestJobRow(db.Model):  # type: ignore[name-defined, misc]  # Flask-SQLAlchemy makes its base at run time
    """A backtest of an edition: waiting, running in a worker that says so every few seconds, or ended.

    `days` before now are judged, all that is stored if it is null. At most one runs at a time. The edition may be
    deleted meanwhile, so nothing refers to it.
    """

    __tablename__ = "backtest_job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state_known"),
        CheckConstraint("(state = 'done') = (report IS NOT NULL)", name="report_when_done"),
        Index("uq_backtest_job_running", "state", unique=True, postgresql_where=text("state = 'running'")),
        Index("uq_backtest_job_form", "form", unique=True, postgresql_where=text("form IS NOT NULL")),
        Index("ix_backtest_job_edition_id", "edition", "id"),
        may(insert="edition against days asked_by form", update=CHANGING, delete=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition: Mapped[int] = mapped_column(Integer)
    against: Mapped[int | None] = mapped_column(Integer)
    days: Mapped[int | None] = mapped_column(Integer)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    form: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    worker: Mapped[str] = mapped_column(Text, server_default="")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    beat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    events: Mapped[int] = mapped_column(BigInteger, server_default="0")
    judged: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cancelled_by: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text, server_default="")
    summary: Mapped[str] = mapped_column(Text, server_default="")
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
